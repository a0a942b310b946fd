#pragma once
/// @file
/// Waiting in a coroutine.

#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"

namespace rbees::net {

/// Resumes after `span` on the boot clock, or at once when the coroutine is cancelled. True if the span passed.
[[nodiscard]] Task<bool> wait_for(Duration span);

}  // namespace rbees::net
