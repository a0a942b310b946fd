#pragma once
/// @file
/// Why the pool manager does not carry out an order for a worker, whatever its model and its device are.

#include "rbees/base/ids.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::poold {

[[nodiscard]] contracts::Problem unknown_worker(const WorkerId& id);

/// A start, while a process runs that may be that worker.
[[nodiscard]] contracts::Problem still_runs();

/// A start that its own stop overtook.
[[nodiscard]] contracts::Problem stopped_before();

}  // namespace rbees::poold
