#include "rbees/pool_core/download_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

namespace rbees::pool {
namespace {

using Ranges = std::vector<ByteRange>;
using testing::HasSubstr;

TEST(RangeSetTest, JoinsNeighboursAndOverlaps) {
    RangeSet done;
    done.add({10, 20});
    done.add({30, 40});
    done.add({5, 12});
    EXPECT_EQ(done.ranges(), (Ranges{{5, 20}, {30, 40}}));

    done.add({20, 30});

    EXPECT_EQ(done.ranges(), (Ranges{{5, 40}}));
    EXPECT_EQ(done.bytes(), 35U);
}

TEST(RangeSetTest, KnowsWhatIsMissing) {
    RangeSet done;
    done.add({10, 20});
    done.add({90, 100});

    EXPECT_EQ(done.missing(100), (Ranges{{0, 10}, {20, 90}}));
    EXPECT_EQ(RangeSet().missing(0), Ranges{});
}

RC_GTEST_PROP(RangeSetProperty, AgreesWithASetOfSingleBytes, ()) {
    const auto pairs = *rc::gen::container<std::vector<std::pair<unsigned, unsigned>>>(
        rc::gen::pair(rc::gen::inRange(0U, 60U), rc::gen::inRange(0U, 60U)));
    std::vector<char> bytes(60, 0);
    RangeSet done;
    for (const auto& [begin, end] : pairs) {
        done.add({begin, end});
        for (auto at = begin; at < end; ++at) {
            bytes[at] = 1;
        }
    }

    auto missing = bytes;
    for (const auto& range : done.missing(60)) {
        for (auto at = range.begin; at < range.end; ++at) {
            RC_ASSERT(bytes[at] == 0);
            missing[at] = 1;
        }
    }

    RC_ASSERT(done.bytes() == static_cast<std::uint64_t>(std::accumulate(bytes.begin(), bytes.end(), 0)));
    RC_ASSERT(std::accumulate(missing.begin(), missing.end(), 0) == 60);
}

const RemoteFile remote{"http://host/file", 100, "\"v1\"", true};

TEST(Resume, KeepsWhatCameFromTheSameBytes) {
    const DownloadJournal journal{"http://host/file", 100, "\"v1\"", {{0, 40}, {60, 70}}};

    EXPECT_EQ(resumable(journal, remote).bytes(), 50U);
}

TEST(Resume, StartsAnewWhereTheBytesMayDiffer) {
    const DownloadJournal same{"http://host/file", 100, "\"v1\"", {{0, 40}}};
    auto moved = same;
    moved.source = "http://mirror/file";
    auto grown = same;
    grown.total = 101;
    auto changed = same;
    changed.validator = "\"v2\"";
    auto unknown = same;
    unknown.validator.reset();
    auto broken = same;
    broken.done = {{0, 101}};
    auto whole_only = remote;
    whole_only.ranges = false;

    for (const auto& journal : {moved, grown, changed, unknown, broken}) {
        EXPECT_EQ(resumable(journal, remote).bytes(), 0U);
    }
    EXPECT_EQ(resumable(same, whole_only).bytes(), 0U);
}

TEST(ShareOut, SplitsTheLargestPartsFirst) {
    EXPECT_EQ(share_out({{0, 100}}, 4, Bytes(10)), (Ranges{{0, 25}, {25, 50}, {50, 75}, {75, 100}}));
    EXPECT_EQ(share_out({{0, 100}}, 4, Bytes(40)), (Ranges{{0, 50}, {50, 100}}));
    EXPECT_EQ(share_out({}, 4, Bytes(1)), Ranges{});
}

RC_GTEST_PROP(ShareOutProperty, HandsOutEveryMissingByteOnce, ()) {
    const auto total = *rc::gen::inRange<std::uint64_t>(1, 5000);
    const auto connections = *rc::gen::inRange<std::size_t>(1, 17);

    const auto parts = share_out({{0, total}}, connections, Bytes(100));

    std::uint64_t position = 0;
    for (const auto& part : parts) {
        RC_ASSERT(part.begin == position);
        RC_ASSERT(part.size() >= std::min<std::uint64_t>(total, 100));
        position = part.end;
    }
    RC_ASSERT(position == total);
    RC_ASSERT(parts.size() <= connections);
}

TEST(CheckHash, BelievesTheFirstDownloadAndNoOther) {
    EXPECT_TRUE(check_hash(std::nullopt, "aa"));
    EXPECT_TRUE(check_hash("aa", "aa"));

    const auto wrong = check_hash("aa", "bb");

    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error(), HasSubstr("expected sha256 aa"));
    EXPECT_THAT(wrong.error(), HasSubstr("found bb"));
}

TEST(SpaceLacking, CountsTheReserve) {
    EXPECT_EQ(space_lacking(Bytes(100), Bytes(150), Bytes(50)), Bytes(0));
    EXPECT_EQ(space_lacking(Bytes(101), Bytes(150), Bytes(50)), Bytes(1));
}

}  // namespace
}  // namespace rbees::pool
