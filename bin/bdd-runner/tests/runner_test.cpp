#include "runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Case scenario_of(const std::vector<std::string>& texts) {
    Case scenario{.feature = "f", .name = "s", .line = 2, .tags = {}, .steps = {}};
    for (const auto& text : texts)
        scenario.steps.push_back({"Given", text, static_cast<int>(scenario.steps.size()) + 3, {}, {}});
    return scenario;
}

class RunnerTest : public testing::Test {
  protected:
    CaseResult run(const std::vector<std::string>& texts, Mode mode = Mode::run) {
        return run_case(scenario_of(texts), [this] { return make_steps(); }, mode);
    }

    StepTable make_steps() {
        StepTable steps;
        steps.add("note {word}", [this](const StepInput& input) -> Outcome {
            done.push_back(input.values[0]);
            return {};
        });
        steps.add("break", [](const StepInput&) -> Outcome { return failed("broken"); });
        steps.add("twice", [](const StepInput&) -> Outcome { return {}; });
        steps.add("{word}", [](const StepInput&) -> Outcome { return {}; });
        steps.at_end([this](const StepInput&) -> Outcome {
            done.emplace_back("end");
            return end;
        });
        return steps;
    }

    std::vector<std::string> done;
    Outcome end;
};

TEST_F(RunnerTest, DoesTheStepsInOrderAndEndsTheScenario) {
    const auto result = run({"note a", "note b"});

    EXPECT_FALSE(result.problem);
    EXPECT_THAT(done, ElementsAre("a", "b", "end"));
}

TEST_F(RunnerTest, StopsAtTheFirstFailureAndStillEndsTheScenario) {
    const auto result = run({"note a", "break now", "note b"});

    ASSERT_TRUE(result.problem);
    EXPECT_EQ(result.problem->line, 4);
    EXPECT_THAT(done, ElementsAre("a", "end"));
}

TEST_F(RunnerTest, FailureSaysWhichStepAndWhy) {
    const auto result = run_case(
        scenario_of({"break"}),
        [] {
            StepTable one;
            one.add("break", [](const StepInput&) -> Outcome { return failed("broken"); });
            return one;
        },
        Mode::run);

    EXPECT_EQ(result.problem, (Problem{"Given break", 3, "broken"}));
}

TEST_F(RunnerTest, UndefinedStepIsAFailureWithASuggestion) {
    const auto result = run({"port 80 is \"free\""});

    ASSERT_TRUE(result.problem);
    EXPECT_THAT(result.problem->message, HasSubstr("steps.add(\"port {int} is {string}\""));
}

TEST_F(RunnerTest, StepThatFitsTwoPatternsIsAFailure) {
    const auto result = run({"twice"});

    ASSERT_TRUE(result.problem);
    EXPECT_THAT(result.problem->message, HasSubstr("two steps fit: \"twice\" and \"{word}\""));
}

TEST_F(RunnerTest, WhatIsLeftAtTheEndFailsAScenarioThatPassed) {
    end = failed("still running: orcd (7)");

    const auto result = run({"note a"});

    ASSERT_TRUE(result.problem);
    EXPECT_EQ(result.problem->message, "still running: orcd (7)");
}

TEST_F(RunnerTest, LookingUpDoesNothingButFindsUndefinedSteps) {
    EXPECT_FALSE(run({"note a"}, Mode::look_up_only).problem);
    EXPECT_TRUE(run({"no such step"}, Mode::look_up_only).problem);
    EXPECT_THAT(done, ElementsAre());
}

}  // namespace
}  // namespace rbees::bdd
