#include "rbees/base/spelling.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace rbees {
namespace {

TEST(EditDistance, CountsSingleEdits) {
    EXPECT_EQ(edit_distance("listen", "listen"), 0U);
    EXPECT_EQ(edit_distance("listen", "liste"), 1U);
    EXPECT_EQ(edit_distance("listen", "lisxten"), 1U);
    EXPECT_EQ(edit_distance("listen", "lisxen"), 1U);
    EXPECT_EQ(edit_distance("listen", "lisetn"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
}

RC_GTEST_PROP(EditDistance, IsTheSameInBothDirections, (const std::string& a, const std::string& b)) {
    RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
    RC_ASSERT(edit_distance(a, a) == 0U);
}

TEST(NearestName, IsTheOneWithTheFewestEdits) {
    EXPECT_EQ(nearest_name("hartbeat.interval", {"heartbeat.timeout", "heartbeat.interval", "listen"}),
              "heartbeat.interval");
}

TEST(NearestName, SaysNothingWhereNothingIsNear) {
    EXPECT_EQ(nearest_name("colour", {"heartbeat.interval", "listen"}), std::nullopt);
    EXPECT_EQ(nearest_name("colour", {}), std::nullopt);
}

}  // namespace
}  // namespace rbees
