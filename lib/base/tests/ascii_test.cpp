#include "rbees/base/ascii.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace rbees {
namespace {

TEST(AsciiCase, ChangesLettersAndNothingElse) {
    EXPECT_EQ(to_lower("ETag: AZ@[`{09"), "etag: az@[`{09");
    EXPECT_EQ(to_upper("etag: az@[`{09"), "ETAG: AZ@[`{09");
}

TEST(AsciiCase, LeavesBytesBeyondAscii) {
    EXPECT_EQ(to_lower("\xc3\x84\xff"), "\xc3\x84\xff");  // a capital A umlaut, and no character
    EXPECT_EQ(to_upper("\xc3\xa4\xff"), "\xc3\xa4\xff");
}

TEST(AsciiCase, IsTakenForNoDifference) {
    EXPECT_TRUE(equal_without_case("Content-Range", "content-RANGE"));
    EXPECT_TRUE(equal_without_case("", ""));
    EXPECT_FALSE(equal_without_case("content", "content-range"));
    EXPECT_FALSE(equal_without_case("@", "`"));
}

RC_GTEST_PROP(AsciiCase, IsTheOnlyDifferenceThatIsForgiven, (const std::string& a, const std::string& b)) {
    RC_ASSERT(equal_without_case(a, to_upper(a)));
    RC_ASSERT(equal_without_case(a, b) == (to_lower(a) == to_lower(b)));
}

}  // namespace
}  // namespace rbees
