#include "control.hpp"

#include <gtest/gtest.h>

namespace rbees::faults {
namespace {

using std::chrono_literals::operator""ms;

TEST(FaultControl, NamesEachFaultOnALineOfItsOwn) {
    const auto faults = parse_faults("fsync-error 3\nwrite-error 5 lasting\nslow 7\n\nseed 11\ncut-at-sync 13\n");

    ASSERT_TRUE(faults);
    EXPECT_EQ(faults->sync_error, (Strike{3, false}));
    EXPECT_EQ(faults->write_error, (Strike{5, true}));
    EXPECT_EQ(faults->slow, 7ms);
    EXPECT_EQ(faults->seed, 11U);
    EXPECT_EQ(faults->cut_at_sync, 13U);
    EXPECT_EQ(faults->room, std::nullopt);
}

TEST(FaultControl, TellsARoomThatIsShownFromOneThatIsNot) {
    const auto full = parse_faults("full 0");
    const auto quota = parse_faults("quota 4096\nread-only\nlie");

    ASSERT_TRUE(full);
    EXPECT_EQ(full->room, 0U);
    EXPECT_FALSE(full->is_quota);
    ASSERT_TRUE(quota);
    EXPECT_EQ(quota->room, 4096U);
    EXPECT_TRUE(quota->is_quota);
    EXPECT_TRUE(quota->is_read_only);
    EXPECT_TRUE(quota->is_lying);
}

TEST(FaultControl, EmptyTextIsAGoodDisk) {
    EXPECT_EQ(parse_faults(""), Faults{});
}

TEST(FaultControl, WhatItDoesNotKnowIsSaid) {
    for (const auto* text : {"fsync-eror 3", "fsync-error", "fsync-error 0", "fsync-error -1", "slow 5 6", "full x",
                             "write-error 1 twice", "full 99999999999999999999"}) {
        const auto faults = parse_faults(text);

        ASSERT_FALSE(faults) << text;
        EXPECT_NE(faults.error().find(text), std::string::npos);
    }
}

}  // namespace
}  // namespace rbees::faults
