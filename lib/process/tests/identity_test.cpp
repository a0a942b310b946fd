#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "pipe.hpp"
#include "proc_stat.hpp"
#include "rbees/process/process.hpp"

namespace rbees::process {
namespace {

using std::chrono_literals::operator""s;

constexpr pid_t no_process = 0x7fffffff;  // above the kernel's largest pid

std::string stat_line(std::string_view name, std::uint64_t start_time) {
    return fmt::format("42 ({}) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {} 2 3 4\n", name, start_time);
}

RC_GTEST_PROP(StartTime, IsFoundWhateverTheProgramIsCalled, (const std::string& name, std::uint64_t ticks)) {
    RC_ASSERT((start_time_in(stat_line(name, ticks)) == ticks));
}

RC_GTEST_PROP(StartTime, CutLineHasNone, ()) {
    const auto line = stat_line("sh", 7);
    const auto size = *rc::gen::inRange<std::size_t>(0, line.find(" 7 ") + 1);

    RC_ASSERT(!start_time_in(line.substr(0, size)).has_value());
}

TEST(StartTime, NameWithParenthesesAndBlanksDoesNotMoveTheFields) {
    EXPECT_EQ(start_time_in(stat_line("a) S 1 2 3 (b", 77)), 77U);
}

TEST(Identify, NamesTheSameProcessTheSameWay) {
    const auto first = identify(::getpid());
    const auto second = identify(::getpid());

    ASSERT_TRUE(first);
    EXPECT_EQ(first, second);
    EXPECT_EQ(first->boot_id.size(), 36U);
    EXPECT_GT(first->start_time, 0U);
}

TEST(Identify, MissingProcessIsAFailure) {
    EXPECT_EQ(identify(no_process).error().message, "there is no process 2147483647");
}

TEST(OpenIfSame, GivesTheRunningProcess) {
    const Pipe pipe;
    auto cat = start_cat(pipe);

    auto same = open_if_same(cat.identity());

    ASSERT_TRUE(same && *same);
    EXPECT_TRUE((*same)->is_alive());
    EXPECT_EQ((*same)->identity(), cat.identity());
    ASSERT_TRUE(cat.kill());
    EXPECT_TRUE(cat.wait_for(10s));
}

TEST(OpenIfSame, NumberOfAnotherProcessGivesNothing) {
    const Pipe pipe;
    auto cat = start_cat(pipe);
    auto of_earlier_process = cat.identity();
    --of_earlier_process.start_time;
    auto of_earlier_boot = cat.identity();
    of_earlier_boot.boot_id.front() ^= 1;

    const auto other_process = open_if_same(of_earlier_process);
    const auto other_boot = open_if_same(of_earlier_boot);

    ASSERT_TRUE(other_process && other_boot);
    EXPECT_FALSE(*other_process);
    EXPECT_FALSE(*other_boot);
    ASSERT_TRUE(cat.kill());
    EXPECT_TRUE(cat.wait_for(10s));
}

TEST(OpenIfSame, ProcessThatEndedGivesNothingWhetherReapedOrNot) {
    auto child = spawn({.program = "/bin/true"});
    ASSERT_TRUE(child);
    const auto identity = child->identity();
    wait_for_zombie(*child);

    const auto zombie = open_if_same(identity);
    EXPECT_TRUE(child->try_wait());
    const auto reaped = open_if_same(identity);

    ASSERT_TRUE(zombie && reaped);
    EXPECT_FALSE(*zombie);
    EXPECT_FALSE(*reaped);
}

TEST(OpenIfSame, NumbersThatNoProcessCanHaveGiveNothing) {
    for (const pid_t pid : {0, -1, no_process}) {
        const auto process = open_if_same({.pid = pid, .start_time = 1, .boot_id = "x"});

        ASSERT_TRUE(process);
        EXPECT_FALSE(*process);
    }
}

}  // namespace
}  // namespace rbees::process
