#include "machine.hpp"

#include <gtest/gtest.h>

#include "thread_governor.hpp"

namespace rbees::engine {
namespace {

using std::chrono_literals::operator""s;

TEST(CpuQuota, ReadsCoresAndTreatsTheRestAsUnlimited) {
    EXPECT_EQ(parse_cpu_quota("150000 100000\n"), 1.5);
    EXPECT_EQ(parse_cpu_quota("max 100000\n"), std::nullopt);
    EXPECT_EQ(parse_cpu_quota("100000 0"), std::nullopt);
    EXPECT_EQ(parse_cpu_quota(""), std::nullopt);
}

TEST(FindNumber, FindsTheLineThatStartsWithTheName) {
    const std::string_view text = "MemTotal:  100 kB\nMemAvailable:   42 kB\n";

    EXPECT_EQ(find_number(text, "MemAvailable:"), 42U);
    EXPECT_EQ(find_number(text, "SwapFree:"), std::nullopt);
}

TEST(FreeCores, CountsWhatThisProcessUsesAsFree) {
    const CpuSample before{.busy_seconds = 100, .own_seconds = 10, .taken = Instant(0s)};
    const CpuSample after{.busy_seconds = 106, .own_seconds = 14, .taken = Instant(2s)};

    // Others used 2 s of processor time in 2 s, so one of four cores is theirs.
    EXPECT_DOUBLE_EQ(free_cores(before, after, 4), 3);
}

TEST(FreeCores, StaysBetweenNoneAndAll) {
    const CpuSample before{.busy_seconds = 0, .own_seconds = 0, .taken = Instant(0s)};
    const CpuSample busy{.busy_seconds = 100, .own_seconds = 0, .taken = Instant(1s)};
    const CpuSample idle{.busy_seconds = 0, .own_seconds = 5, .taken = Instant(1s)};

    EXPECT_DOUBLE_EQ(free_cores(before, busy, 2), 0);
    EXPECT_DOUBLE_EQ(free_cores(before, idle, 2), 2);
}

TEST(Machine, HasAtLeastPartOfACoreAndSomeMemory) {
    EXPECT_GT(allowed_cores(), 0);
    EXPECT_GT(available_memory(), mebibytes(1));
    EXPECT_GT(sample_cpu().own_seconds, 0);
}

TEST(ThreadChoice, FallsAtOnceAndRisesOnlyWhenItStays) {
    ThreadChoice choice(3);

    EXPECT_EQ(choice.next(2), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(4), 3U);
}

TEST(ThreadChoice, RisesToTheLowestOfWhatItSaw) {
    ThreadChoice choice(1);

    EXPECT_EQ(choice.next(8), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(8), 3U);
}

TEST(ThreadChoice, ForgetsARiseThatWasInterrupted) {
    ThreadChoice choice(1);

    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(2), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(4), 1U);
    EXPECT_EQ(choice.next(4), 3U);
}

}  // namespace
}  // namespace rbees::engine
