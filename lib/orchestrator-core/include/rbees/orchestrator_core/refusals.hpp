#pragma once
/// @file
/// Refusals that several places give, each in one wording: a client meets the same words and the same advice whichever
/// place it asked.

#include <string>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::orchestrator {

/// NOT_FOUND. Also for a task that the caller may not see.
[[nodiscard]] contracts::Problem no_task(const JobId& id);

/// NOT_FOUND; `name` is the one that its owner gave it.
[[nodiscard]] contracts::Problem no_session(const std::string& name);

/// NOT_FOUND.
[[nodiscard]] contracts::Problem no_node(const NodeId& id);

/// WORKER_NOT_FOUND.
[[nodiscard]] contracts::Problem no_worker(const WorkerId& id);

/// MODEL_NOT_FOUND: nothing is known under that id or reference.
[[nodiscard]] contracts::Problem no_model(const std::string& reference);

/// MODEL_NOT_FOUND: it is known, but must be fetched first.
[[nodiscard]] contracts::Problem model_not_on_disk(const std::string& reference);

/// POOL_UNAVAILABLE, worth another try: no pool manager is connected.
[[nodiscard]] contracts::Problem no_pool_manager();

}  // namespace rbees::orchestrator
