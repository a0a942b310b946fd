#include "tag_expression.hpp"

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

bool wants(std::string_view expression, const std::vector<std::string>& tags) {
    const auto filter = parse_tag_expression(expression);
    EXPECT_TRUE(filter) << expression;
    return filter && (*filter)(tags);
}

TEST(TagExpression, EmptyWantsEverything) {
    EXPECT_TRUE(wants("  ", {}));
}

TEST(TagExpression, NotBindsTighterThanAndAndThatTighterThanOr) {
    EXPECT_TRUE(wants("@a or @b and not @c", {"@a", "@c"}));
    EXPECT_FALSE(wants("(@a or @b) and not @c", {"@a", "@c"}));
    EXPECT_TRUE(wants("@a or @b and not @c", {"@b"}));
    EXPECT_FALSE(wants("not @a and @b", {"@a", "@b"}));
    EXPECT_TRUE(wants("not (@a and @b)", {"@a"}));
}

TEST(TagExpression, ComparesWholeTags) {
    EXPECT_FALSE(wants("@slow", {"@slower"}));
}

TEST(TagExpression, RefusesWhatItCannotReadAndSaysWhy) {
    EXPECT_EQ(parse_tag_expression("slow").error(), "expected a tag such as @slow, not \"slow\"");
    EXPECT_EQ(parse_tag_expression("@a and").error(), "a tag is missing at the end");
    EXPECT_EQ(parse_tag_expression("(@a").error(), "a \")\" is missing");
    EXPECT_EQ(parse_tag_expression("@a @b").error(), "expected \"and\" or \"or\" before \"@b\"");
}

TEST(TagExpression, RefusesEndlessNesting) {
    const std::string deep(100'000, '(');

    EXPECT_EQ(parse_tag_expression(deep).error(), "nested more than 32 deep");
}

}  // namespace
}  // namespace rbees::bdd
