#include "report.hpp"

#include <gtest/gtest.h>

#include "json_path.hpp"

namespace rbees::bdd {
namespace {

using std::chrono_literals::operator""ms;

CaseResult passed() {
    return {{"f", "Good", 3, {"@a"}, {}}, std::nullopt, 1240ms};
}
CaseResult broken() {
    return {{"f", "Bad", 7, {}, {}}, Problem{"Then it works", 9, "it did not\nat all"}, 50ms};
}

TEST(Report, ClosingLineCountsScenariosAndUnreadableFiles) {
    const std::vector<FileResult> files{{"a.feature", {passed(), broken()}, {}},
                                        {"b.feature", {}, ParseError{1, "empty"}}};

    EXPECT_EQ(closing_line(count(files)), "1 passed, 2 failed");
}

TEST(Report, FailureNamesFileLineStepAndEveryLineOfTheReason) {
    EXPECT_EQ(describe("a.feature", broken()),
              "  failed  Bad (0.1 s)\n"
              "          a.feature:9: Then it works\n"
              "            it did not\n"
              "            at all\n");
    EXPECT_EQ(describe("a.feature", passed()), "  passed  Good (1.2 s)\n");
}

TEST(Report, JsonHasTheSameInFields) {
    const auto json = to_json({{"a.feature", {passed(), broken()}, {}}, {"b.feature", {}, ParseError{4, "ragged"}}});

    EXPECT_EQ(json_at(json, "failed"), "2");
    EXPECT_EQ(json_at(json, "scenarios.0.status"), "passed");
    EXPECT_EQ(json_at(json, "scenarios.0.tags.0"), "@a");
    EXPECT_EQ(json_at(json, "scenarios.1.step"), "Then it works");
    EXPECT_EQ(json_at(json, "scenarios.2.line"), "4");
}

}  // namespace
}  // namespace rbees::bdd
