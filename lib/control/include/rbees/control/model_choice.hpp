#pragma once
/// @file
/// Which model a request means.

#include <expected>
#include <string>

#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"

namespace rbees::control {

/// The model that a request means: a usable one by id or alias, a simulated one, or the default if `named` is empty.
/// MODEL_NOT_FOUND with what to do otherwise; MODEL_INCOMPATIBLE if its kind does not serve such requests.
[[nodiscard]] std::expected<ModelId, contracts::Problem> choose_model(const orchestrator::FleetView& view,
                                                                      const std::string& named,
                                                                      contracts::ModelKind needed);

}  // namespace rbees::control
