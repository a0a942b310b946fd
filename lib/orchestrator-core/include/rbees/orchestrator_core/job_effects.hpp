#pragma once
/// @file
/// What the shell does for durable jobs once the records behind it are on disk, or in the case of `ExecuteEffect` on
/// their way there (kernel::runs_ahead). Named by job and attempt, so a repeated effect is recognised where it lands.

#include <cstdint>
#include <optional>
#include <variant>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"

namespace rbees::orchestrator {

/// The job wants a slot.
struct QueueEffect {
    JobId job;
};
/// The job wants to be queued again after a pause.
struct PauseEffect {
    JobId job;
    Duration pause{};
};
/// The worker is to run the attempt.
struct ExecuteEffect {
    JobId job;
    std::uint32_t attempt = 0;
    WorkerId worker;
};
/// Frames up to this one are stored: they may be shown, and the worker may forget them.
struct StoredEffect {
    JobId job;
    std::uint32_t attempt = 0;
    std::uint64_t frames = 0;
};
/// The job has ended; an attempt that still runs is to stop.
struct EndedEffect {
    JobId job;
    std::uint32_t attempt = 0;
    std::optional<WorkerId> worker;
};

using JobEffect = std::variant<QueueEffect, PauseEffect, ExecuteEffect, StoredEffect, EndedEffect>;

}  // namespace rbees::orchestrator
