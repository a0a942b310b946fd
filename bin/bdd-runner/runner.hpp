#pragma once
/// @file
/// Runs scenarios one after the other, each with a table of steps of its own.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "outline.hpp"
#include "rbees/base/time.hpp"
#include "steps.hpp"

namespace rbees::bdd {

/// Why a scenario failed.
struct Problem {
    std::string step;  ///< as written, with its keyword
    int line = 0;
    std::string message;

    bool operator==(const Problem&) const = default;
};

struct CaseResult {
    Case scenario;
    std::optional<Problem> problem;  ///< nothing when it passed
    Duration took{};
};

/// Gives each scenario a fresh world.
using MakeSteps = std::function<StepTable()>;

/// Whether steps are done, or only looked up (to check a feature without the programs it is about).
enum class Mode : bool { run, look_up_only };

/// Runs one scenario up to its first failing step; the end of the table is called in any case.
[[nodiscard]] CaseResult run_case(const Case& scenario, const MakeSteps& make_steps, Mode mode);

}  // namespace rbees::bdd
