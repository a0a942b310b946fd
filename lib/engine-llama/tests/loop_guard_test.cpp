#include "loop_guard.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace rbees::engine {
namespace {

Logger to_stderr() {
    return Logger::to_function(LogLevel::info,
                               [](std::string_view line) { std::fprintf(stderr, "%s\n", std::string(line).c_str()); });
}

class LoopGuardTest : public ::testing::Test {
  protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    std::atomic<bool> stopped = false;
};

TEST_F(LoopGuardTest, EndsTheProcessWhenTheLoopReturnsByItself) {
    EXPECT_EXIT(run_until_stopped([] {}, stopped, to_stderr()), ::testing::KilledBySignal(SIGABRT),
                "loop ended by itself.*it returned");
}

TEST_F(LoopGuardTest, EndsTheProcessWithTheReasonWhenTheLoopThrows) {
    EXPECT_EXIT(run_until_stopped([] { throw std::runtime_error("no memory left"); }, stopped, to_stderr()),
                ::testing::KilledBySignal(SIGABRT), "loop ended by itself.*no memory left");
}

TEST_F(LoopGuardTest, ReturnsWhenTheLoopWasStopped) {
    std::string logged;
    const auto log = Logger::to_function(LogLevel::debug, [&](std::string_view line) { logged += line; });

    run_until_stopped([this] { stopped = true; }, stopped, log);

    EXPECT_EQ(logged, "");
}

}  // namespace
}  // namespace rbees::engine
