#include "rbees/simulation/random.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace rbees::simulation {
namespace {

TEST(Random, GivesTheSameNumbersOnEveryMachine) {
    Random random(1);

    EXPECT_EQ(random.next(), 0xb3f2af6d0fc710c5ULL);
    EXPECT_EQ(random.next(), 0x853b559647364ceaULL);
}

TEST(Random, StreamsOfOneSeedDiffer) {
    Random faults(7, "faults");
    Random clients(7, "clients");

    EXPECT_NE(faults.next(), clients.next());
}

TEST(Random, StaysWithinItsBounds) {
    Random random(3);

    for (int i = 0; i < 1'000; ++i) {
        const auto time = random.between(std::chrono::milliseconds(2), std::chrono::milliseconds(5));
        EXPECT_GE(time, std::chrono::milliseconds(2));
        EXPECT_LE(time, std::chrono::milliseconds(5));
        EXPECT_LT(random.below(10), 10U);
    }
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(1'000));
}

}  // namespace
}  // namespace rbees::simulation
