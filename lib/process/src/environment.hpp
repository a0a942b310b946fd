#pragma once
/// @file
/// A child's environment in the form that exec takes.

#include <string>
#include <vector>

#include "rbees/process/spawn.hpp"

namespace rbees::process {

/// NAME=VALUE for each variable of the child, sorted by name.
[[nodiscard]] std::vector<std::string> environment_of(const SpawnPlan& plan);

/// Pointers to the texts, with a null pointer at the end; borrows them.
[[nodiscard]] std::vector<char*> pointers_to(std::vector<std::string>& texts);

}  // namespace rbees::process
