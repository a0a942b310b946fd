#include "rbees/process/exit_watch.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <vector>

#include "pipe.hpp"

namespace rbees::process {
namespace {

using std::chrono_literals::operator""s;

constexpr auto deadline = 10s;

class ExitWatchTest : public testing::Test {
  protected:
    ExitWatch watch(Process process) {
        auto watch = ExitWatch::start(io_, std::move(process), [this](ExitStatus status) { seen_.push_back(status); });
        EXPECT_TRUE(watch);
        return std::move(*watch);
    }

    boost::asio::io_context io_;
    std::vector<ExitStatus> seen_;
};

TEST_F(ExitWatchTest, TellsHowOurChildEnded) {
    auto child = spawn(shell("exit 3"));
    ASSERT_TRUE(child);
    const auto watched = watch(std::move(*child));

    io_.run_for(deadline);

    EXPECT_EQ(seen_, (std::vector<ExitStatus>{{ExitStatus::Kind::exited, 3}}));
    EXPECT_FALSE(watched.process().is_alive());
}

TEST_F(ExitWatchTest, SaysNothingWhileTheProcessRuns) {
    Pipe pipe;
    const auto watched = watch(start_cat(pipe));

    io_.poll();
    EXPECT_TRUE(seen_.empty());
    pipe.writing.reset();
    io_.run_for(deadline);

    EXPECT_EQ(seen_, (std::vector<ExitStatus>{{ExitStatus::Kind::exited, 0}}));
}

TEST_F(ExitWatchTest, ProcessCanBeSignalledThroughItsWatch) {
    const Pipe pipe;
    auto watched = watch(start_cat(pipe));

    ASSERT_TRUE(watched.process().kill());
    io_.run_for(deadline);

    EXPECT_EQ(seen_, (std::vector<ExitStatus>{{ExitStatus::Kind::killed, SIGKILL}}));
}

TEST_F(ExitWatchTest, EndOfAProcessThatIsNotOurChildIsSeenWithUnknownStatus) {
    Pipe pipe;
    auto cat = start_cat(pipe);
    auto stranger = open_if_same(cat.identity());
    ASSERT_TRUE(stranger && *stranger);
    const auto watched = watch(std::move(**stranger));

    pipe.writing.reset();
    io_.run_for(deadline);

    EXPECT_EQ(seen_, std::vector<ExitStatus>{ExitStatus{}});
    EXPECT_TRUE(cat.wait_for(deadline));
}

TEST_F(ExitWatchTest, DestroyedWatchCallsNobodyAndLeavesTheProcessAlone) {
    const Pipe pipe;
    auto cat = start_cat(pipe);
    auto same = open_if_same(cat.identity());
    ASSERT_TRUE(same && *same);
    {
        const auto watched = watch(std::move(**same));
    }
    io_.run_for(deadline);
    EXPECT_TRUE(cat.is_alive());

    ASSERT_TRUE(cat.kill());
    EXPECT_TRUE(cat.wait_for(deadline));

    EXPECT_TRUE(seen_.empty());
}

TEST_F(ExitWatchTest, WatchDestroyedAfterTheEndWasNoticedStillCallsNobody) {
    auto child = spawn({.program = "/bin/true"});
    ASSERT_TRUE(child);
    wait_for_zombie(*child);
    std::optional<ExitWatch> watched = watch(std::move(*child));

    watched.reset();
    io_.run_for(deadline);

    EXPECT_TRUE(seen_.empty());
}

TEST_F(ExitWatchTest, CallbackMayDestroyItsWatch) {
    std::optional<ExitWatch> watched;
    int calls = 0;
    auto child = spawn({.program = "/bin/true"});
    ASSERT_TRUE(child);
    auto started = ExitWatch::start(io_, std::move(*child), [&, text = std::string(100, 'x')](ExitStatus) {
        watched.reset();
        calls += static_cast<int>(text.size());  // the callback's own state is still there
    });
    ASSERT_TRUE(started);
    watched.emplace(std::move(*started));

    io_.run_for(deadline);

    EXPECT_EQ(calls, 100);
}

TEST_F(ExitWatchTest, AssignedWatchDropsTheOneItHad) {
    Pipe first_pipe;
    Pipe second_pipe;
    auto first = start_cat(first_pipe);
    auto first_again = open_if_same(first.identity());
    ASSERT_TRUE(first_again && *first_again);
    auto watched = watch(std::move(**first_again));

    watched = watch(start_cat(second_pipe));
    first_pipe.writing.reset();
    ASSERT_TRUE(first.wait_for(deadline));
    io_.poll();
    EXPECT_TRUE(seen_.empty());
    second_pipe.writing.reset();
    io_.run_for(deadline);

    EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(ExitWatchTest, ManyChildrenAreEachSeenOnce) {
    std::vector<ExitWatch> watches;
    for (int i = 0; i < 20; ++i) {
        auto child = spawn({.program = "/bin/true"});
        ASSERT_TRUE(child);
        watches.push_back(watch(std::move(*child)));
    }

    io_.run_for(deadline);

    EXPECT_EQ(seen_, std::vector<ExitStatus>(20, {ExitStatus::Kind::exited, 0}));
}

TEST_F(ExitWatchTest, AChildOfOursThatCannotBeWatchedDoesNotRunOn) {
#if __has_feature(undefined_behavior_sanitizer)
    GTEST_SKIP() << "the sanitizer takes descriptors itself, and there is none here";
#endif
    const Pipe pipe;
    const auto other = watch(start_cat(pipe));  // the loop has what it needs itself
    auto child = start_cat(pipe);
    const auto identity = child.identity();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);

    const auto watch = ExitWatch::start(io_, std::move(child), [](ExitStatus) {});
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

    ASSERT_FALSE(watch);
    EXPECT_EQ(open_if_same(identity).value().has_value(), false);
}

}  // namespace
}  // namespace rbees::process
