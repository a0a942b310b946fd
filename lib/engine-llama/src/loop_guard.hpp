#pragma once
/// @file
/// Sees to it that a worker does not outlive its engine's loop. Without the loop nothing is ever answered, while the
/// process still looks healthy; a dead process, its pool manager notices at once.

#include <atomic>
#include <functional>

#include "rbees/base/log.hpp"

namespace rbees::engine {

/// Runs the loop on the calling thread. When it ends although `stopped` is not set, by returning or by an exception,
/// logs why and aborts the process.
void run_until_stopped(const std::function<void()>& loop, const std::atomic<bool>& stopped, const Logger& log) noexcept;

}  // namespace rbees::engine
