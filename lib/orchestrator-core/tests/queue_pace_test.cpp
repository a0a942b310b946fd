#include "rbees/orchestrator_core/queue_pace.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace rbees::orchestrator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant start{seconds(100)};

TEST(QueuePace, KnowsNothingBeforeTwoWereServed) {
    QueuePace pace;
    EXPECT_FALSE(pace.wait_behind(0));

    pace.served(start);
    EXPECT_FALSE(pace.wait_behind(0));
}

TEST(QueuePace, PredictsByThoseBeforeAtThePaceThatItSaw) {
    QueuePace pace;
    for (int second = 0; second < 3; ++second) {
        pace.served(start + seconds(second));
    }

    EXPECT_EQ(pace.wait_behind(0), seconds(1));
    EXPECT_EQ(pace.wait_behind(4), seconds(5));
}

TEST(QueuePace, SlotsThatComeFreeTogetherShareTheTimeUntilTheNext) {
    QueuePace pace;
    for (int slot = 0; slot < 4; ++slot) {
        pace.served(start + milliseconds(slot));
    }
    EXPECT_FALSE(pace.wait_behind(0));

    pace.served(start + seconds(8));

    EXPECT_EQ(pace.wait_behind(0), seconds(2));
}

TEST(QueuePace, FollowsAChangeAndForgetsASingleOne) {
    QueuePace pace;
    pace.served(start);
    pace.served(start + seconds(1));

    pace.served(start + seconds(10));

    EXPECT_EQ(pace.wait_behind(0), seconds(2)) << "an eighth of the way from 1 s to 9 s";
}

TEST(QueuePace, DoesNotCountTheTimeInWhichNobodyWaited) {
    QueuePace pace;
    pace.served(start);
    pace.served(start + milliseconds(500));
    pace.emptied();

    pace.served(start + seconds(60));

    EXPECT_EQ(pace.wait_behind(0), milliseconds(500));
}

}  // namespace
}  // namespace rbees::orchestrator
