#include "rbees/pool_core/early_stops.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rbees::pool {
namespace {

WorkerId worker(std::size_t number) {
    return WorkerId("w-" + std::to_string(number));
}

TEST(EarlyStops, RemembersWhatItWasToldAndNothingElse) {
    EarlyStops stops;

    stops.note(worker(1));

    EXPECT_TRUE(stops.contains(worker(1)));
    EXPECT_FALSE(stops.contains(worker(2)));
}

TEST(EarlyStops, ForgetsTheOldestFirst) {
    EarlyStops stops;
    for (std::size_t number = 0; number < EarlyStops::kept_max; ++number) {
        stops.note(worker(number));
    }
    EXPECT_TRUE(stops.contains(worker(0)));

    stops.note(worker(EarlyStops::kept_max));

    EXPECT_FALSE(stops.contains(worker(0)));
    EXPECT_TRUE(stops.contains(worker(1)));
    EXPECT_TRUE(stops.contains(worker(EarlyStops::kept_max)));
}

TEST(EarlyStops, RepeatedStopTakesNoPlaceOfAnother) {
    EarlyStops stops;
    stops.note(worker(0));
    for (std::size_t again = 0; again < EarlyStops::kept_max; ++again) {
        stops.note(worker(1));
    }

    EXPECT_TRUE(stops.contains(worker(0)));
    EXPECT_TRUE(stops.contains(worker(1)));
}

}  // namespace
}  // namespace rbees::pool
