#include "store/long_work.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace rbees::orcd {
namespace {

constexpr std::chrono::seconds patience(30);

TEST(LongWork, RunsOneAtATimeAndRefusesASecond) {
    LongWork work;
    std::promise<void> may_end;
    std::promise<void> ended;
    ASSERT_TRUE(work.start([&](const std::stop_token&) { may_end.get_future().wait(); }));

    EXPECT_FALSE(work.start([](const std::stop_token&) { FAIL() << "refused work ran"; }));
    may_end.set_value();
    work.end();

    EXPECT_TRUE(work.start([&](const std::stop_token&) { ended.set_value(); }));
    EXPECT_EQ(ended.get_future().wait_for(patience), std::future_status::ready);
}

TEST(LongWork, WhatRunsAndWhatIsStartedLaterLearnsOfTheStop) {
    LongWork work;
    std::promise<void> stopped;
    std::promise<bool> later;
    ASSERT_TRUE(work.start([&](const std::stop_token& stop) {
        const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
        EXPECT_EQ(stopped.get_future().wait_for(patience), std::future_status::ready);
    }));

    work.ask_to_stop();
    work.end();
    ASSERT_TRUE(work.start([&](const std::stop_token& stop) { later.set_value(stop.stop_requested()); }));

    EXPECT_TRUE(later.get_future().get());
}

}  // namespace
}  // namespace rbees::orcd
