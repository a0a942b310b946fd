#pragma once
/// @file
/// The part of the command table that is about durable tasks: `jobs` and `sessions`.

#include <span>

#include "cli/command.hpp"

namespace rbees::ctl {

/// In the order of `rbees --help`.
[[nodiscard]] std::span<const Command> task_commands();

}  // namespace rbees::ctl
