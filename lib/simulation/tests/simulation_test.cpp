#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "rbees/reflect/describe.hpp"
#include "rbees/simulation/report.hpp"
#include "rbees/simulation/run.hpp"

namespace rbees::simulation {
namespace {

std::string told(const Outcome& outcome) {
    if (!outcome.violation) return "";
    return "seed " + std::to_string(outcome.seed) + ": " + outcome.violation->check + ": " + outcome.violation->detail;
}

TEST(Simulation, SameSeedGivesTheSameTrace) {
    const auto plan = draw_plan(11, {});

    const auto first = run(plan);
    const auto second = run(plan, Keeping::lines);

    EXPECT_EQ(first.trace_hash, second.trace_hash);
    EXPECT_EQ(first.steps, second.steps);
    EXPECT_NE(first.trace_hash, run(draw_plan(12, {})).trace_hash);
}

TEST(Simulation, KeepsEveryPromiseUnderFaults) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto outcome = run(draw_plan(seed, {}));

        EXPECT_EQ(told(outcome), "");
        EXPECT_GE(outcome.steps, 2'000U);
    }
}

TEST(Simulation, AnswersEverythingWhenNothingGoesWrong) {
    Options calm;
    calm.faults = 0;

    const auto outcome = run(draw_plan(5, calm));

    EXPECT_EQ(told(outcome), "");
    EXPECT_FALSE(outcome.counts.contains("requests failed"));
    EXPECT_EQ(outcome.counts.at("jobs ended"), outcome.counts.at("tasks accepted"));
    EXPECT_EQ(outcome.waits.interactive.size() + outcome.waits.batch.size(), outcome.counts.at("jobs ended"));
}

TEST(Plan, DrawsEveryKindOfFault) {
    Options many;
    many.faults = 500;
    const auto plan = draw_plan(1, many);

    for (std::uint8_t kind = 0; kind <= static_cast<std::uint8_t>(FaultKind::late_command); ++kind) {
        EXPECT_TRUE(std::ranges::any_of(plan.faults, [&](const Fault& fault) {
            return fault.kind == static_cast<FaultKind>(kind);
        })) << reflect::name_of(static_cast<FaultKind>(kind));
    }
}

TEST(Report, ShowsTotalsAndAPictureOfOneRun) {
    const auto plan = draw_plan(2, {});
    const auto outcome = run(plan, Keeping::lines);
    Totals totals;
    totals.add(outcome);

    const auto page = report_page(totals, plan, outcome);

    EXPECT_NE(page.find("<svg"), std::string::npos);
    EXPECT_NE(page.find("faults"), std::string::npos);
    EXPECT_NE(page.find("seed 2: 24 faults"), std::string::npos);
}

TEST(Report, PercentileIsAValueThatWasThere) {
    using std::chrono::seconds;

    EXPECT_EQ(percentile({}, 50), Duration{});
    EXPECT_EQ(percentile({seconds(3), seconds(1), seconds(2)}, 50), seconds(2));
    EXPECT_EQ(percentile({seconds(3), seconds(1), seconds(2)}, 99), seconds(3));
}

}  // namespace
}  // namespace rbees::simulation
