#include "rbees/base/assert.hpp"

#include <gtest/gtest.h>

namespace rbees {
namespace {

TEST(AssertDeathTest, FalseExpressionStopsTheProcessAndNamesItself) {
    const int workers = 3;

    EXPECT_DEATH(RBEES_ASSERT(workers == 4), "assertion failed: workers == 4 at .*assert_test.cpp:[0-9]+");
}

TEST(AssertDeathTest, LineNumberIsWrittenInFull) {
    EXPECT_DEATH(base::assertion_failed("x", "f.cpp", 10203), "assertion failed: x at f.cpp:10203\n");
    EXPECT_DEATH(base::assertion_failed("x", "f.cpp", 0), "f.cpp:0\n");
}

TEST(Assert, TrueExpressionIsEvaluatedOnce) {
    int evaluations = 0;

    RBEES_ASSERT(++evaluations == 1);

    EXPECT_EQ(evaluations, 1);
}

}  // namespace
}  // namespace rbees
