#include "store/long_work.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace rbees::orcd {
namespace {

constexpr std::chrono::seconds patience(30);

void tell_nobody() {}

TEST(LongWork, RunsOneAtATimeAndRefusesASecond) {
    LongWork work;
    std::promise<void> may_end;
    std::promise<void> ended;
    ASSERT_TRUE(work.start([&](const std::stop_token&) {
        may_end.get_future().wait();
        return tell_nobody;
    }));

    EXPECT_FALSE(work.start([](const std::stop_token&) {
        ADD_FAILURE() << "refused work ran";
        return tell_nobody;
    }));
    may_end.set_value();
    work.end();

    EXPECT_TRUE(work.start([&](const std::stop_token&) { return [&] { ended.set_value(); }; }));
    EXPECT_EQ(ended.get_future().wait_for(patience), std::future_status::ready);
}

TEST(LongWork, WhoIsToldMayComeWithTheNextWorkAtOnce) {
    LongWork work;
    for (int round = 0; round < 100; ++round) {
        std::promise<void> told;
        ASSERT_TRUE(work.start([&](const std::stop_token&) { return [&] { told.set_value(); }; })) << round;

        ASSERT_EQ(told.get_future().wait_for(patience), std::future_status::ready);
    }
    work.end();
}

TEST(LongWork, WhatRunsAndWhatIsStartedLaterLearnsOfTheStop) {
    LongWork work;
    std::promise<void> stopped;
    std::promise<bool> later;
    ASSERT_TRUE(work.start([&](const std::stop_token& stop) {
        const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
        EXPECT_EQ(stopped.get_future().wait_for(patience), std::future_status::ready);
        return tell_nobody;
    }));

    work.ask_to_stop();
    work.end();
    ASSERT_TRUE(work.start([&](const std::stop_token& stop) {
        return [&later, asked = stop.stop_requested()] { later.set_value(asked); };
    }));

    EXPECT_TRUE(later.get_future().get());
}

}  // namespace
}  // namespace rbees::orcd
