#pragma once
/// @file
/// The words of features/*.feature. `bdd-runner --list-steps` prints them.

#include <memory>

#include "steps.hpp"
#include "world.hpp"

namespace rbees::bdd {

/// All steps over a fresh world.
[[nodiscard]] StepTable make_vocabulary(const Settings& settings);

/// Commands, what they print and how they end.
void add_command_steps(StepTable& steps, const std::shared_ptr<World>& world);

/// Requests to the running house, and their answers.
void add_http_steps(StepTable& steps, const std::shared_ptr<World>& world);

/// Processes: which run, which are killed, what is left.
void add_process_steps(StepTable& steps, const std::shared_ptr<World>& world);

}  // namespace rbees::bdd
