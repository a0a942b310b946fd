#pragma once
/// @file
/// The two tokens that `rbees up` writes to files of the home: one for people's programs here, one for this machine's
/// nodes.

#include "rbees/base/home.hpp"
#include "rbees/control/fleet_control.hpp"

namespace rbees::orcd {

/// Makes the files where they are missing (0600) and their tokens known, by hash. A file that was replaced replaces its
/// token. Called before the control thread runs.
[[nodiscard]] Result<void> admit_file_tokens(const Home& home, control::FleetControl& fleet);

}  // namespace rbees::orcd
