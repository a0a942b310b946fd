#include "rbees/reflect/json.hpp"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rbees/reflect/number.hpp"

namespace rbees::reflect {
namespace {

std::string refusal(std::string_view bytes) {
    const auto value = parse_json(bytes);
    return value ? "accepted" : value.error().message;
}

TEST(ParseJson, KeepsMembersInTheirOrder) {
    EXPECT_EQ(to_text(*parse_json(R"({"b":1,"a":[true,null,"x"]})")), R"({"b":1,"a":[true,null,"x"]})");
}

TEST(ParseJson, RefusesWhatTwoReadersCouldReadDifferently) {
    EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "member \"a\" stands twice");
    EXPECT_EQ(refusal(R"({"o":{"a":1},"p":{"x":[{"a":1,"b":0,"a":2}]}})"), "member \"a\" stands twice");
    EXPECT_EQ(refusal(R"({"a":1} {"a":2})"), "something follows the end of the document");
    EXPECT_EQ(refusal("\"\xff\""), "the bytes are not valid UTF-8");
    EXPECT_NE(refusal(R"("\ud800")"), "accepted");
}

TEST(ParseJson, RefusesNumbersThatNoDoubleHolds) {
    EXPECT_EQ(refusal("[1e308,-1e308,1e-400]"), "accepted");
    EXPECT_EQ(refusal("[1e309]"), "a number is larger than any that can be kept");
    EXPECT_EQ(refusal("-1844e999407"), "a number is larger than any that can be kept");
}

TEST(ParseJson, TakesTheSameNameInDifferentObjects) {
    EXPECT_EQ(refusal(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"), "accepted");
}

TEST(ParseJson, FindsAnEscapedNameThatStandsTwice) {
    EXPECT_EQ(refusal(R"({"model":1,"\u006dodel":2})"), "member \"model\" stands twice");
}

/// An object with that many members, all different, and then `last`.
std::string object_of(std::size_t members, std::string_view last) {
    std::string text = "{";
    for (std::size_t number = 0; number < members; ++number) {
        text += "\"" + std::to_string(number) + "\":0,";
    }
    return text.append(last) + "}";
}

TEST(ParseJson, FindsANameThatStandsTwiceAmongAMillion) {
    EXPECT_EQ(refusal(object_of(json_members_max - 1, R"("7":0)")), "member \"7\" stands twice");
}

TEST(ParseJson, RefusesMoreThanAMillionMembersOfOneObject) {
    EXPECT_EQ(refusal(object_of(json_members_max, R"("7":0)")),
              "an object has more than 1000000 members (members_max)");
}

RC_GTEST_PROP(ParseJson, TakesMembersExactlyIfTheirNamesDiffer, (std::vector<std::uint8_t> names)) {
    std::string text = "{";
    for (const auto name : names) {
        text += (text.size() == 1 ? "\"" : ",\"") + std::to_string(name) + "\":0";
    }

    const auto value = parse_json(text + "}");

    const bool differ = std::set(names.begin(), names.end()).size() == names.size();
    RC_ASSERT(value.has_value() == differ);
}

TEST(ParseJson, RefusesNestingBeyondTheLimitWithoutUsingTheStack) {
    EXPECT_EQ(refusal(std::string(json_depth_max, '[') + std::string(json_depth_max, ']')), "accepted");
    EXPECT_EQ(refusal(std::string(json_depth_max + 1, '[')), "nesting deeper than 64");
    EXPECT_EQ(refusal(std::string(100'000, '[')), "nesting deeper than 64");
    EXPECT_EQ(parse_json(std::string(json_depth_max + 1, '[')).error().limit, "json_depth_max");
}

TEST(ParseJson, SaysWhereTheFaultIs) {
    const auto value = parse_json(R"({"a":tru})");

    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().limit, "") << "no bound was hit";
    EXPECT_GE(value.error().offset, 5U);
    EXPECT_EQ(refusal(R"({"a":1)"), "the document ends too early");
    EXPECT_EQ(refusal(""), "the document ends too early");
}

TEST(CanonicalJson, IsTheSameForEveryOrderOfMembers) {
    EXPECT_EQ(to_canonical_text(*parse_json(R"({"b":{"d":1,"c":2},"a":[3,{"y":1,"x":2}]})")),
              R"({"a":[3,{"x":2,"y":1}],"b":{"c":2,"d":1}})");
}

TEST(CanonicalJson, HasOneTextForANumberHoweverItIsWritten) {
    const auto canonical = [](std::string_view text) { return to_canonical_text(*parse_json(text)); };

    for (const auto* text : {"100", "100.0", "1e2", "1E+2", "1000e-1"})
        EXPECT_EQ(canonical(text), "100") << text;
    EXPECT_EQ(canonical("-0.0"), "0");
    EXPECT_EQ(canonical("-5.0"), "-5");
    EXPECT_EQ(canonical("900719925474099.0"), "900719925474099");
    EXPECT_EQ(canonical("0.5"), canonical("5e-1"));
    EXPECT_NE(canonical("5.5"), canonical("5"));
    EXPECT_NE(canonical("9007199254740993"), canonical("9007199254740992.0"));
}

TEST(JsonText, WritesNumbersAsPeopleDoAndReadsThemBackAsTheyWere) {
    const auto value =
        *parse_json(R"({"a":[1.0,1],"b":299.90070977,"c":{"d":0.1,"e":-2.5e300},"f":"x","g":[],"h":7E-1})");

    EXPECT_EQ(to_text(value), R"({"a":[1.0,1],"b":299.90070977,"c":{"d":0.1,"e":-2.5e+300},"f":"x","g":[],"h":0.7})");
    EXPECT_EQ(*parse_json(to_text(value)), value);
    EXPECT_EQ(to_pretty_text(*parse_json(R"({"a":1.0})")), "{\n  \"a\": 1.0\n}");
}

TEST(PrettyJson, ReadsBackToTheSameValue) {
    const auto value = *parse_json(R"({"a":[1,{"b":[]}],"c":{},"d":"x"})");

    EXPECT_EQ(*parse_json(to_pretty_text(value)), value);
    EXPECT_EQ(to_pretty_text(*parse_json(R"({"a":1})")), "{\n  \"a\": 1\n}");
}

TEST(JsonText, IsReadBackWhateverBytesAStringHolds) {
    const json::value value = json::object{{"name", "\xff\xe2\x82"}};

    EXPECT_EQ(to_text(value), "{\"name\":\"\ufffd\ufffd\"}");
    EXPECT_EQ(*parse_json(to_pretty_text(value)), *parse_json(to_text(value)));
}

TEST(WholeNumber, IsReadHoweverItIsWrittenAndOnlyIfItFits) {
    const auto integer = [](std::string_view text) { return to_integer(*parse_json(text)); };
    const auto number = [](std::string_view text) { return to_unsigned(*parse_json(text)); };

    EXPECT_EQ(integer("-7"), -7);
    EXPECT_EQ(integer("-7.0"), -7);
    EXPECT_EQ(integer("9223372036854775807"), 9'223'372'036'854'775'807);
    EXPECT_EQ(integer("9223372036854775808"), std::nullopt);
    EXPECT_EQ(integer("9223372036854775808.0"), std::nullopt);
    EXPECT_EQ(integer("1.5"), std::nullopt);
    EXPECT_EQ(integer("\"1\""), std::nullopt);
    EXPECT_EQ(number("7"), 7U);
    EXPECT_EQ(number("1e3"), 1000U);
    EXPECT_EQ(number("18446744073709551615"), 18'446'744'073'709'551'615U);
    EXPECT_EQ(number("18446744073709551616.0"), std::nullopt);
    EXPECT_EQ(number("-1"), std::nullopt);
    EXPECT_EQ(number("-1.0"), std::nullopt);
    EXPECT_EQ(number("-1e300"), std::nullopt);
    EXPECT_EQ(to_integer(json::value(std::uint64_t{7})), 7);
    EXPECT_EQ(to_unsigned(json::value(std::int64_t{7})), 7U);
}

RC_GTEST_PROP(ParseJson, NeverFailsBadlyOnArbitraryBytes, (const std::string& bytes)) {
    const auto value = parse_json(bytes);
    if (value) RC_ASSERT(*parse_json(to_text(*value)) == *value);
}

RC_GTEST_PROP(ParseJson, ReadsBackEveryStringItWrites, (const std::vector<std::uint8_t>& codes)) {
    std::string text;
    for (const auto code : codes) {
        text += static_cast<char>(code % 128);
    }
    RC_ASSERT(parse_json(to_text(json::value(json::string(text))))->get_string() == text);
}

}  // namespace
}  // namespace rbees::reflect
