#pragma once
/// @file
/// One run of rbees: words in, exit code out. Everything but the process itself, so that tests can run it.

#include <string>
#include <vector>

#include "cli/session.hpp"

namespace rbees::ctl {

/// Parses, runs the command, shows its error. `words` are those after the program's name.
[[nodiscard]] int run_command_line(const Surroundings& surroundings, const std::vector<std::string>& words);

}  // namespace rbees::ctl
