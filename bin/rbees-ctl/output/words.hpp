#pragma once
/// @file
/// Times in words for people and in RFC 3339 for programs, and short counts. Pure: the present comes in.

#include <cstddef>
#include <string>
#include <string_view>

#include "output/colour.hpp"
#include "rbees/base/time.hpp"

namespace rbees::ctl {

/// "3 min ago", "in 2 h", "just now" for a terminal; RFC 3339 for everything else.
[[nodiscard]] std::string time_in_words(WallTime time, WallTime now, Terminal reader);

/// "1 worker", "3 workers": the noun takes an `s`.
[[nodiscard]] std::string count_of(std::size_t count, std::string_view noun);

/// "40 %" of a share from 0 to 1; values outside are bounded.
[[nodiscard]] std::string percent(double share);

}  // namespace rbees::ctl
