#pragma once
/// @file
/// The pace at which what is old is cleared away: texts of ended tasks, sessions that nobody uses. Each costs a commit,
/// so one look takes few, and comes soon again when there were as many as it may take.

#include <chrono>
#include <cstddef>

#include "rbees/base/time.hpp"

namespace rbees::control {

/// What one look takes at most.
inline constexpr std::size_t swept_at_once_max = 100;

inline constexpr Duration sweep_interval = std::chrono::minutes(1);

/// When there may be more.
inline constexpr Duration sweep_pause = std::chrono::seconds(1);

/// From a look that took so many to the next one.
[[nodiscard]] constexpr Duration until_next_sweep(std::size_t taken) {
    return taken == swept_at_once_max ? sweep_pause : sweep_interval;
}

}  // namespace rbees::control
