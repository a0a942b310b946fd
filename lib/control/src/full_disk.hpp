#pragma once
/// @file
/// What becomes of a command of a job that the journal had no room for: it is tried again.

#include <chrono>

#include "rbees/base/time.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::control {

/// Before it is tried again.
inline constexpr Duration disk_pause = std::chrono::seconds(1);

/// Whether the journal had no room at this moment. Else the command itself is refused, for ever.
inline bool may_be_taken_later(const contracts::Problem& problem) {
    return problem.retry_after_ms.has_value();
}

}  // namespace rbees::control
