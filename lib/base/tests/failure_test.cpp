#include "rbees/base/failure.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace rbees {
namespace {

TEST(Failure, DescriptionHoldsTheRemedyInParentheses) {
    EXPECT_EQ(describe(Failure{"cannot open /a", "check the folder"}), "cannot open /a (check the folder)");
}

TEST(Failure, DescriptionWithoutRemedyIsTheMessage) {
    EXPECT_EQ(describe(Failure{"cannot open /a", ""}), "cannot open /a");
}

TEST(Failure, ErrnoIsSpelledOutAfterTheMessage) {
    errno = ENOENT;

    const Result<int> result = fail_with_errno("cannot open /a", "make it");

    EXPECT_EQ(result.error(), (Failure{"cannot open /a: No such file or directory", "make it"}));
}

}  // namespace
}  // namespace rbees
