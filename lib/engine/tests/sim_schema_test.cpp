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

}  // namespace
}  // namespace rbees::engine
