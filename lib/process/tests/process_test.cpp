#include "rbees/process/process.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "pipe.hpp"

namespace rbees::process {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr Duration deadline = 10s;
constexpr ExitStatus unknown{ExitStatus::Kind::unknown, 0};

TEST(Process, ExitCodeOfAChildIsKnownAndStaysKnown) {
    auto child = spawn(shell("exit 7"));
    ASSERT_TRUE(child);

    EXPECT_EQ(child->wait_for(deadline), (ExitStatus{ExitStatus::Kind::exited, 7}));
    EXPECT_EQ(child->try_wait(), (ExitStatus{ExitStatus::Kind::exited, 7}));
    EXPECT_FALSE(child->is_alive());
}

TEST(Process, RunsUntilItsWorkIsDone) {
    Pipe pipe;
    auto cat = start_cat(pipe);

    EXPECT_TRUE(cat.is_alive());
    EXPECT_EQ(cat.try_wait(), std::nullopt);
    EXPECT_EQ(cat.wait_for(1ms), std::nullopt);
    pipe.writing.reset();

    EXPECT_EQ(cat.wait_for(deadline), (ExitStatus{ExitStatus::Kind::exited, 0}));
}

TEST(Process, TerminateAndKillSendTheirSignals) {
    const Pipe pipe;
    auto first = start_cat(pipe);
    auto second = start_cat(pipe);

    ASSERT_TRUE(first.terminate());
    ASSERT_TRUE(second.kill());

    EXPECT_EQ(first.wait_for(deadline), (ExitStatus{ExitStatus::Kind::killed, SIGTERM}));
    EXPECT_EQ(second.wait_for(deadline), (ExitStatus{ExitStatus::Kind::killed, SIGKILL}));
}

TEST(Process, WhatAScriptStartedEndsWithIt) {
    for (const auto end : {&Process::terminate_group, &Process::kill_group}) {
        Pipe pipe;
        auto plan = shell("cat; true");  // a process of the script's own, which waits for our end of the pipe
        plan.files.push_back({pipe.reading.get(), STDIN_FILENO});
        plan.files.push_back({pipe.writing.get(), STDOUT_FILENO});
        auto script = spawn(plan);
        ASSERT_TRUE(script);

        ASSERT_TRUE((*script.*end)());

        EXPECT_TRUE(script->wait_for(deadline));
        pipe.writing.reset();
        pollfd ended{.fd = pipe.reading.get(), .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&ended, 1, 10'000), 1) << "somebody still holds the other end";
        EXPECT_TRUE((*script.*end)()) << "of a script that has ended";
    }
}

TEST(Process, SignalToAProcessThatIsGoneIsNoFailure) {
    auto child = spawn({.program = "/bin/true"});
    ASSERT_TRUE(child && child->wait_for(deadline));

    EXPECT_TRUE(child->terminate());
    EXPECT_TRUE(child->kill());
}

TEST(Process, StatusOfAProcessThatIsNotOurChildIsUnknown) {
    const Pipe pipe;
    auto cat = start_cat(pipe);
    auto stranger = open_if_same(cat.identity());
    ASSERT_TRUE(stranger && *stranger);

    ASSERT_TRUE((*stranger)->kill());

    EXPECT_EQ((*stranger)->wait_for(deadline), unknown);
    EXPECT_EQ(cat.wait_for(deadline), (ExitStatus{ExitStatus::Kind::killed, SIGKILL}));
}

TEST(Process, StatusThatSomebodyElseTookIsUnknown) {
    auto child = spawn({.program = "/bin/true"});
    ASSERT_TRUE(child);
    ASSERT_EQ(::waitpid(child->pid(), nullptr, 0), child->pid());

    EXPECT_EQ(child->try_wait(), unknown);
}

TEST(ExitStatus, IsSaidInWords) {
    EXPECT_EQ(describe(ExitStatus{ExitStatus::Kind::exited, 1}), "exit code 1");
    EXPECT_EQ(describe(ExitStatus{ExitStatus::Kind::killed, SIGKILL}), "killed by signal 9 (Killed)");
    EXPECT_EQ(describe(unknown), "exit status unknown");
}

}  // namespace
}  // namespace rbees::process
