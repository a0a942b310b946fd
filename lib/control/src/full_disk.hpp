#pragma once
/// @file
/// What becomes of a command of a job that the journal had no room for: it is tried again.

#include <chrono>
#include <utility>

#include "rbees/base/time.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/kernel/loop.hpp"

namespace rbees::control {

/// Before it is tried again.
inline constexpr Duration disk_pause = std::chrono::seconds(1);

/// Whether the refusal says that the same may be taken later: the journal has no room at this moment, or too much waits
/// for it. Else the command itself is refused, for ever.
inline bool may_be_taken_later(const contracts::Problem& problem) {
    return problem.retry_after_ms.has_value();
}

/// A reply that calls `again` if the command may be taken later, and nothing otherwise.
template <class F>
kernel::Loop::Reply if_taken_later(F again) {
    return [again = std::move(again)](const kernel::Loop::Outcome& outcome) mutable {
        if (!outcome && may_be_taken_later(outcome.error())) again();
    };
}

}  // namespace rbees::control
