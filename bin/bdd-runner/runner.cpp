#include "runner.hpp"

#include <fmt/format.h>

namespace rbees::bdd {
namespace {

std::optional<Problem> run_steps(const Case& scenario, const StepTable& steps, Mode mode) {
    for (const auto& step : scenario.steps) {
        const auto problem = [&](std::string message) {
            return Problem{fmt::format("{} {}", step.keyword, step.text), step.line, std::move(message)};
        };
        const auto function = steps.find(step);
        if (!function) return problem(function.error());
        if (mode == Mode::look_up_only) continue;
        if (const auto outcome = (*function)(); !outcome) return problem(outcome.error());
    }
    return std::nullopt;
}

}  // namespace

CaseResult run_case(const Case& scenario, const MakeSteps& make_steps, Mode mode) {
    const auto started = BootClock::now();
    const auto steps = make_steps();
    auto problem = run_steps(scenario, steps, mode);
    const auto end = mode == Mode::run ? steps.end() : Outcome();
    if (!end && !problem) problem = Problem{"(after the last step)", scenario.line, end.error()};
    return {scenario, std::move(problem), BootClock::now() - started};
}

}  // namespace rbees::bdd
