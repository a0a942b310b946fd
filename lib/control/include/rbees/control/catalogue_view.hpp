#pragma once
/// @file
/// The models that this installation knows: the built-in catalogue and those that users added.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/contracts/models.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/fleet.hpp"

namespace rbees::control {

/// What a reference (slug, `hf:`, `file:`, `sim:`) means. MODEL_NOT_FOUND with what to do if nothing.
[[nodiscard]] std::expected<contracts::ModelSpec, contracts::Problem> resolve_model(const orchestrator::Fleet& fleet,
                                                                                    std::string_view reference);

/// Everything known, by id.
[[nodiscard]] std::vector<contracts::ModelSpec> known_models(const orchestrator::Fleet& fleet);

}  // namespace rbees::control
