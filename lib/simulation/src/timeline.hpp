#pragma once
/// @file
/// A run as a picture: one lane for each process, time from left to right.

#include <string>
#include <string_view>

#include "rbees/simulation/outcome.hpp"

namespace rbees::simulation {

/// An SVG element. Bars show lives (grey) and attempts (blue); marks show faults (red) and what clients read (green).
[[nodiscard]] std::string timeline(const Outcome& outcome);

[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace rbees::simulation
