#include "rbees/base/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rbees {
namespace {

TEST(RandomBytes, GivesAsManyAsAsked) {
    EXPECT_EQ(random_bytes(0).size(), 0U);
    EXPECT_EQ(random_bytes(10).size(), 10U);
    EXPECT_EQ(random_bytes(256).size(), 256U);
}

TEST(RandomBytesDeathTest, MoreThanTheKernelGivesInOnePieceIsABug) {
    EXPECT_DEATH(static_cast<void>(random_bytes(257)), "assertion failed");
}

TEST(RandomSecret, IsLongAndNeverTheSame) {
    std::set<std::string> secrets;

    for (int i = 0; i < 100; ++i) {
        secrets.insert(random_secret());
    }

    EXPECT_EQ(secrets.size(), 100U);
    EXPECT_EQ(secrets.begin()->size(), 43U);
}

}  // namespace
}  // namespace rbees
