#pragma once
/// @file
/// Runs a plan: rbees-orcd's control and kernel, pool managers, workers and clients, under virtual time, with every
/// promise checked after each step.

#include "rbees/simulation/outcome.hpp"
#include "rbees/simulation/plan.hpp"

namespace rbees::simulation {

/// Ends at the first broken promise, else when everything has come to rest. Depends on nothing but its arguments.
[[nodiscard]] Outcome run(const Plan& plan, Keeping keeping = Keeping::number);

/// A plan that breaks the same promise with fewer faults and clients. Takes `runs_max` runs at most.
[[nodiscard]] Plan shrink(const Plan& plan, const std::string& check, std::uint32_t runs_max = 200);

}  // namespace rbees::simulation
