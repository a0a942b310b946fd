#include "loop_guard.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace rbees::engine {
namespace {

using namespace std::chrono_literals;

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

TEST_F(LoopGuardTest, EndsTheProcessWhenTheLoopDoesNotAnswerForLong) {
    EXPECT_EXIT(
        {
            const LoopWatch watch([] { return false; }, {.pause = 1ms, .misses_max = 3}, to_stderr());
            const std::atomic<bool> never = false;
            never.wait(false);
        },
        ::testing::KilledBySignal(SIGABRT), "does not answer any more");
}

TEST_F(LoopGuardTest, ForgivesMissesThatAreFollowedByAnAnswer) {
    std::atomic<int> asked = 0;
    std::atomic<bool> enough = false;
    const auto ask = [&] {
        enough = ++asked >= 20;
        enough.notify_all();
        return asked % 3 == 0;
    };

    const LoopWatch watch(ask, {.pause = 1us, .misses_max = 3}, Logger());
    enough.wait(false);

    EXPECT_GE(asked, 20);
}

}  // namespace
}  // namespace rbees::engine
