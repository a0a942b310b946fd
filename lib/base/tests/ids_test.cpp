#include "rbees/base/ids.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <thread>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace rbees {
namespace {

TEST(Id, KindsDoNotMix) {
    EXPECT_FALSE((std::is_constructible_v<WorkerId, NodeId>));
    EXPECT_FALSE((std::is_convertible_v<std::string, WorkerId>));
}

TEST(Id, ComparesAndHashesByItsText) {
    const std::unordered_set<NodeId> nodes{NodeId("a"), NodeId("b"), NodeId("a")};

    EXPECT_EQ(nodes.size(), 2U);
    EXPECT_LT(NodeId("a"), NodeId("b"));
    EXPECT_TRUE(NodeId().empty());
}

TEST(UuidV7, HoldsTimeVersionAndVariantInTheirPlaces) {
    const WallTime time(std::chrono::milliseconds(0x017F22E279B0));  // the example of RFC 9562, appendix A.6

    const auto uuid = make_uuid_v7(time, "\x0C\xC3\x18\xC4\xDC\x0C\x0C\x07\x39\x8F");

    EXPECT_EQ(uuid, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

RC_GTEST_PROP(UuidV7, LaterTimesSortLater, ()) {
    const auto earlier = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 47);
    const auto later = *rc::gen::inRange<std::int64_t>(earlier + 1, std::int64_t{1} << 48);
    const auto random = *rc::gen::container<std::string>(10, rc::gen::arbitrary<char>());

    RC_ASSERT(make_uuid_v7(WallTime(std::chrono::milliseconds(earlier)), random) <
              make_uuid_v7(WallTime(std::chrono::milliseconds(later)), random));
}

TEST(NewUuid, GrowsWithinOneMillisecondAndBeyondItsCounter) {
    std::vector<std::string> uuids(20'000);  // more than one millisecond's counter can number

    std::ranges::generate(uuids, new_uuid);

    EXPECT_EQ(std::ranges::adjacent_find(uuids, std::ranges::greater_equal()), uuids.end());
}

TEST(NewUuid, ThreadsNeverGetTheSame) {
    std::vector<std::string> first(2'000);
    std::vector<std::string> second(2'000);

    std::thread other([&] { std::ranges::generate(first, new_uuid); });
    std::ranges::generate(second, new_uuid);
    other.join();

    std::unordered_set<std::string> all(first.begin(), first.end());
    all.insert(second.begin(), second.end());
    EXPECT_EQ(all.size(), 4'000U);
}

TEST(NewId, IsAValidId) {
    const auto id = new_id<WorkerId>();

    EXPECT_TRUE(is_valid_id(id.str()));
    EXPECT_EQ(id.str().size(), 36U);
}

TEST(ValidId, AllowsTheWrittenCharactersUpToTheLimit) {
    EXPECT_TRUE(is_valid_id("A-z.0_9:x"));
    EXPECT_TRUE(is_valid_id(std::string(128, 'a')));
    EXPECT_FALSE(is_valid_id(std::string(129, 'a')));
    EXPECT_FALSE(is_valid_id(""));
    EXPECT_FALSE(is_valid_id("a b"));
    EXPECT_FALSE(is_valid_id("../a"));
    EXPECT_FALSE(is_valid_id(std::string_view("a\0", 2)));
    EXPECT_FALSE(is_valid_id("\xc3\xa4"));
}

}  // namespace
}  // namespace rbees
