#include "sim_schema.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace rbees::engine {
namespace {

std::string smallest(std::string_view schema) {
    return boost::json::serialize(smallest_value(boost::json::parse(schema)));
}

TEST(SmallestValue, HoldsWhatIsRequiredAndNoMore) {
    EXPECT_EQ(smallest(R"({"type":"object","properties":{"a":{"type":"string","minLength":2},"b":{"type":"integer"}},)"
                       R"("required":["a"]})"),
              R"({"a":"xx"})");
}

TEST(SmallestValue, KeepsToEachType) {
    EXPECT_EQ(smallest(R"({"type":"integer","minimum":3})"), "3");
    EXPECT_EQ(smallest(R"({"type":"boolean"})"), "false");
    EXPECT_EQ(smallest(R"({"type":"null"})"), "null");
    EXPECT_EQ(smallest(R"({"type":"array","items":{"type":"integer"},"minItems":2})"), "[0,0]");
    EXPECT_EQ(smallest(R"({"type":["string","null"]})"), R"("")");
    EXPECT_EQ(smallest(R"({"enum":["b","a"]})"), R"("b")");
    EXPECT_EQ(smallest(R"({"const":7})"), "7");
}

TEST(SmallestValue, FollowsChoicesPartsAndReferences) {
    EXPECT_EQ(smallest(R"({"anyOf":[{"const":1},{"const":2}]})"), "1");
    EXPECT_EQ(smallest(R"({"allOf":[{"type":"object","required":["a"]},{"properties":{"a":{"const":1}}}]})"),
              R"({"a":1})");
    EXPECT_EQ(smallest(R"({"$ref":"#/$defs/x","$defs":{"x":{"const":"found"}}})"), R"("found")");
}

TEST(SmallestValue, EndsOnASchemaThatContainsItself) {
    const auto value = smallest(R"({"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}})");

    EXPECT_NE(value.find("null"), std::string::npos);
}

TEST(SmallestValue, StaysSmallForASchemaThatAsksForListsOfListsOfLists) {
    std::string schema = R"({"type":"string","minLength":1000})";
    for (int depth = 0; depth < 5; ++depth)
        schema = R"({"type":"array","minItems":1000,"items":)" + schema + "}";

    EXPECT_LT(smallest(schema).size(), 2 * max_value_bytes);
}

TEST(SmallestValue, StaysSmallForASchemaThatRepeatsALargeConstant) {
    const auto schema = R"({"type":"array","minItems":1000,"items":{"$ref":"#/$defs/x"},"$defs":{"x":{"const":")" +
                        std::string(100'000, 'x') + R"("}}})";

    EXPECT_LT(smallest(schema).size(), 2 * max_value_bytes);
}

TEST(SmallestValue, StaysSmallForASchemaOfManyEqualParts) {
    std::string parts;
    for (int i = 0; i < 10'000; ++i)
        parts += std::string(i == 0 ? "" : ",") + R"({"$ref":"#/$defs/x"})";
    std::string names;
    for (int i = 0; i < 10'000; ++i)
        names += std::string(i == 0 ? "" : ",") + R"("n)" + std::to_string(i) + '"';
    const auto schema = R"({"type":"object","allOf":[)" + parts + R"(],"$defs":{"x":{"required":[)" + names + "]}}}";

    EXPECT_LT(smallest(schema).size(), 2 * max_value_bytes);
}

TEST(SmallestValue, StaysSmallForASchemaThatRepeatsManyNamesWithoutAProperty) {
    std::string names;
    for (int i = 0; i < 10'000; ++i)
        names += std::string(i == 0 ? "" : ",") + R"("n)" + std::to_string(i) + '"';
    const auto schema = R"({"type":"array","minItems":1000,"items":{"type":"object","required":[)" + names + R"(]}})";

    EXPECT_LT(smallest(schema).size(), 3 * max_value_bytes);
}

TEST(SmallestValue, KeepsANumberThatNoIntegerHolds) {
    EXPECT_EQ(smallest(R"({"type":"integer","minimum":18446744073709551615})"), "18446744073709551615");
    EXPECT_EQ(smallest(R"({"type":"integer","minimum":9223372036854775808.0})"), "9.223372036854776E18");
    EXPECT_EQ(smallest(R"({"type":"number","minimum":1e300})"), "1E300");
    EXPECT_EQ(smallest(R"({"type":"number","minimum":-1e300})"), "0");
}

}  // namespace
}  // namespace rbees::engine
