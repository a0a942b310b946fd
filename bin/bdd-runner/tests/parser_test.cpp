#include "parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::bdd {
namespace {

TEST(FeatureParser, ReadsNamesTagsStepsAndTheirKeywords) {
    const auto feature = parse_feature(
        "# language: en\n"
        "@chat @quick   # for everybody\n"
        "Feature: First answer\n"
        "  As a newcomer I want an answer.\n"
        "\n"
        "  @slow\n"
        "  Scenario: One question\n"
        "    Given a fresh home\n"
        "    When I ask\n"
        "    Then I get an answer\n"
        "    And it is short\n"
        "    But not empty\n"
        "    * nothing else\n");

    ASSERT_TRUE(feature) << feature.error().message;
    EXPECT_EQ(feature->name, "First answer");
    EXPECT_EQ(feature->tags, (std::vector<std::string>{"@chat", "@quick"}));
    const auto& scenario = feature->rules.at(0).scenarios.at(0);
    EXPECT_EQ(scenario.name, "One question");
    EXPECT_EQ(scenario.line, 7);
    EXPECT_EQ(scenario.tags, (std::vector<std::string>{"@slow"}));
    ASSERT_EQ(scenario.steps.size(), 6U);
    EXPECT_EQ(scenario.steps[3], (Step{"And", "it is short", 11, {}, {}}));
    EXPECT_EQ(scenario.steps[5], (Step{"*", "nothing else", 13, {}, {}}));
}

TEST(FeatureParser, ReadsTablesWithEscapesBetweenComments) {
    const auto feature = parse_feature(
        "Feature: f\n"
        "Scenario: s\n"
        "Given models:\n"
        "  | name | note       |\n"
        "  # the second is empty\n"
        "  | a    | x \\| y\\nz \\\\ |\n"
        "  | b    |            |\n");

    ASSERT_TRUE(feature) << feature.error().message;
    const auto& table = feature->rules[0].scenarios[0].steps[0].table;
    ASSERT_TRUE(table);
    EXPECT_EQ(table->rows, (std::vector<Row>{{"name", "note"}, {"a", "x | y\nz \\"}, {"b", ""}}));
}

TEST(FeatureParser, KeepsDocStringsAsTheyAreButForTheirIndentation) {
    const auto feature = parse_feature(
        "Feature: f\n"
        "Scenario: s\n"
        "  Given a body:\n"
        "    \"\"\"json\n"
        "    {\n"
        "      \"a\": 1\n"
        "\n"
        "    # no comment, Given no step\n"
        "    \\\"\\\"\\\"\n"
        "   }\n"
        "    \"\"\"\n"
        "  Then done\n");

    ASSERT_TRUE(feature) << feature.error().message;
    const auto& steps = feature->rules[0].scenarios[0].steps;
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].doc_string->media_type, "json");
    EXPECT_EQ(steps[0].doc_string->content, "{\n  \"a\": 1\n\n# no comment, Given no step\n\"\"\"\n}");
}

TEST(FeatureParser, AcceptsWindowsLineEndsAndAByteOrderMark) {
    const auto feature = parse_feature(
        "\xEF\xBB\xBF"
        "Feature: f\r\nScenario: s\r\nGiven x\r\n");

    ASSERT_TRUE(feature);
    EXPECT_EQ(feature->rules[0].scenarios[0].steps[0].text, "x");
}

TEST(FeatureParser, KeepsTheScenariosAndBackgroundOfEachRuleTogether) {
    const auto feature = parse_feature(
        "Feature: f\n"
        "Background:\n  Given all\n"
        "@r\nRule: one\n  Background:\n    Given one\n  Example: s\n    Then x\n"
        "Rule: two\n  Scenario: t\n    Then y\n");

    ASSERT_TRUE(feature) << feature.error().message;
    ASSERT_EQ(feature->rules.size(), 3U);
    EXPECT_EQ(feature->rules[0].background[0].text, "all");
    EXPECT_EQ(feature->rules[1].tags, (std::vector<std::string>{"@r"}));
    EXPECT_EQ(feature->rules[1].background[0].text, "one");
    EXPECT_TRUE(feature->rules[2].background.empty());
    EXPECT_EQ(feature->rules[2].scenarios[0].name, "t");
}

struct Malformed {
    const char* text;
    int line;
    const char* message;
};

class MalformedFeature : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedFeature, IsRefusedWithItsLineAndReason) {
    const auto feature = parse_feature(GetParam().text);

    ASSERT_FALSE(feature);
    EXPECT_EQ(feature.error().line, GetParam().line) << feature.error().message;
    EXPECT_TRUE(feature.error().message.contains(GetParam().message)) << feature.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedFeature,
    testing::Values(
        Malformed{"", 1, "empty"}, Malformed{"\n# only a comment\n", 2, "expected \"Feature:\""},
        Malformed{"Scenario: s\nGiven x\n", 1, "expected \"Feature:\""},
        Malformed{"Feature: f\nFeature: g\n", 2, "one Feature a file"},
        Malformed{"Feature: f\nGiven x\n", 2, "outside of a Scenario"},
        Malformed{"Feature: f\nScenario: s\n", 2, "without steps"},
        Malformed{"Feature: f\nScenario: s\nGiven x\nsome words\n", 4, "expected Scenario"},
        Malformed{"Feature: f\n| a |\n", 2, "expected Scenario"},
        Malformed{"Feature: f\nBackground:\nScenario: s\nGiven x\n", 2, "no steps"},
        Malformed{"Feature: f\nScenario: s\nGiven x\nBackground:\nGiven y\n", 4, "before the first Scenario"},
        Malformed{"Feature: f\nBackground:\nGiven x\nBackground:\nGiven y\n", 4, "one Background"},
        Malformed{"Feature: f\n@a\nBackground:\nGiven x\n", 3, "no tags"},
        Malformed{"Feature: f\nScenario: s\nGiven x\n@a\n", 4, "tags belong"},
        Malformed{"Feature: f\n@a b\nScenario: s\nGiven x\n", 2, "begin with @"},
        Malformed{"Feature: f\n@a@b\nScenario: s\nGiven x\n", 2, "begin with @"},
        Malformed{"Feature: f\nScenario: s\nGiven x\n| a | b |\n| c |\n", 5, "1 cells where the first row has 2"},
        Malformed{"Feature: f\nScenario: s\nGiven x\n| a | b\n", 4, "ends with |"},
        Malformed{"Feature: f\nScenario: s\nGiven x\n\"\"\"\nbody\n```\n", 4, "never closed"},
        Malformed{"Feature: f\nScenario: s\nGiven x\nExamples:\n| a |\n| 1 |\n", 4, "belong to a Scenario Outline"},
        Malformed{"Feature: f\nScenario Outline: s\nGiven x\n", 2, "needs Examples"},
        Malformed{"Feature: f\nScenario Outline: s\nGiven x\nExamples:\n| a |\n", 4, "a row of values"}));

RC_GTEST_PROP(FeatureParserProperty, AnyBytesGiveAFeatureOrAnErrorInsideTheFile, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
        rc::gen::element<std::string>("Feature: f\n", "Rule: r\n", "Background:\n", "Scenario: s\n",
                                      "Scenario Outline: o\n", "Examples:\n", "Given x\n", "* y\n", "| a | b |\n",
                                      "| c |\n", "\"\"\"\n", "```\n", "@tag\n", "# comment\n", "words\n", "\n"),
        rc::gen::arbitrary<std::string>()));
    std::string text;
    for (const auto& piece : pieces)
        text += piece;

    const auto feature = parse_feature(text);

    if (feature) {
        RC_ASSERT(!feature->rules.empty());
    } else {
        RC_ASSERT(feature.error().line >= 1);
        RC_ASSERT(feature.error().line <= 1 + std::count(text.begin(), text.end(), '\n'));
        RC_ASSERT(!feature.error().message.empty());
    }
}

}  // namespace
}  // namespace rbees::bdd
