#include "outline.hpp"

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

std::expected<std::vector<Case>, ParseError> cases_of(const std::string& text) {
    const auto feature = parse_feature(text);
    if (!feature) return std::unexpected(feature.error());
    return expand(*feature);
}

std::vector<std::string> texts_of(const Case& scenario) {
    std::vector<std::string> texts;
    for (const auto& step : scenario.steps)
        texts.push_back(step.text);
    return texts;
}

TEST(Outline, GivesOneCaseForEachRowWithNamesTextsTablesAndDocStringsFilledIn) {
    const auto cases = cases_of(
        "Feature: f\n"
        "Scenario Outline: ask <model> twice\n"
        "  Given <model> with:\n"
        "    | slots | <slots> |\n"
        "  When I send:\n"
        "    \"\"\"\n"
        "    {\"model\": \"<model>\"}\n"
        "    \"\"\"\n"
        "Examples: small\n"
        "  | model | slots |\n"
        "  | a     | 1     |\n"
        "  | b     | 2     |\n"
        "@large\n"
        "Examples: large\n"
        "  | slots | model |\n"
        "  | 64    | c     |\n");

    ASSERT_TRUE(cases) << cases.error().message;
    ASSERT_EQ(cases->size(), 3U);
    EXPECT_EQ(cases->at(1).name, "ask b twice #2");
    EXPECT_EQ(cases->at(1).steps[0].text, "b with:");
    EXPECT_EQ(cases->at(1).steps[0].table->rows, (std::vector<Row>{{"slots", "2"}}));
    EXPECT_EQ(cases->at(1).steps[1].doc_string->content, "{\"model\": \"b\"}");
    EXPECT_EQ(cases->at(2).tags, (std::vector<std::string>{"@large"}));
    EXPECT_EQ(cases->at(2).steps[0].text, "c with:");
}

TEST(Outline, PutsTheBackgroundsOfFeatureAndRuleInFrontAndInheritsTags) {
    const auto cases = cases_of(
        "@f\nFeature: f\nBackground:\n  Given all\n"
        "Scenario: plain\n  Then p\n"
        "@r\nRule: one\n  Background:\n    Given one\n"
        "  @s\n  Scenario Outline: filled\n    Then <x>\n  Examples:\n    | x |\n    | q |\n");

    ASSERT_TRUE(cases) << cases.error().message;
    EXPECT_EQ(texts_of(cases->at(0)), (std::vector<std::string>{"all", "p"}));
    EXPECT_EQ(texts_of(cases->at(1)), (std::vector<std::string>{"all", "one", "q"}));
    EXPECT_EQ(cases->at(1).tags, (std::vector<std::string>{"@f", "@r", "@s"}));
}

TEST(Outline, RefusesAPlaceholderWithoutAColumnAtItsStep) {
    const auto cases =
        cases_of("Feature: f\nScenario Outline: s\n  Given <a>\n  Then <b>\nExamples:\n  | a |\n  | 1 |\n");

    ASSERT_FALSE(cases);
    EXPECT_EQ(cases.error(), (ParseError{4, "the examples have no column <b>"}));
}

TEST(Outline, LeavesAngleBracketsAloneThatHoldNoName) {
    const auto cases =
        cases_of("Feature: f\nScenario Outline: s\n  Given 1 < 2 <= <a> and </b> <>\nExamples:\n  | a |\n  | 3 |\n");

    ASSERT_TRUE(cases) << cases.error().message;
    EXPECT_EQ(cases->at(0).steps[0].text, "1 < 2 <= 3 and </b> <>");
}

TEST(Outline, DoesNotTouchAnglesOfAPlainScenario) {
    const auto cases = cases_of("Feature: f\nScenario: s\n  Given <a>\n");

    ASSERT_TRUE(cases);
    EXPECT_EQ(cases->at(0).steps[0].text, "<a>");
}

}  // namespace
}  // namespace rbees::bdd
