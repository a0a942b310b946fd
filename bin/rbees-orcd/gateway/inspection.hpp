#pragma once
/// @file
/// What the gateway must know of a request's body; everything else passes through unread.

#include <expected>
#include <string>
#include <string_view>

#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"

namespace rbees::orcd {

/// Reads the body once: well-formed, an object, and which model it names (empty if none).
[[nodiscard]] std::expected<std::string, contracts::Problem> model_named_in(std::string_view body);

/// The model that a request means: a usable one by id or alias, a simulated one, or the default if `named` is empty.
/// MODEL_NOT_FOUND with what to do otherwise; MODEL_INCOMPATIBLE if its kind does not serve such requests.
[[nodiscard]] std::expected<ModelId, contracts::Problem> choose_model(const orchestrator::FleetView& view,
                                                                      const std::string& named,
                                                                      contracts::ModelKind needed);

}  // namespace rbees::orcd
