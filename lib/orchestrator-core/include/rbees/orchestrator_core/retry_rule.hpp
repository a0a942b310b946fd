#pragma once
/// @file
/// Whether a failed attempt is followed by another, and when.

#include <cstdint>
#include <optional>

#include "rbees/base/time.hpp"
#include "rbees/orchestrator_core/job_types.hpp"

namespace rbees::orchestrator {

/// What follows a failed attempt.
enum class Verdict : std::uint8_t {
    again,        ///< another attempt, after the pause
    failed,       ///< nobody will do better
    dead_letter,  ///< it failed too often
};

struct RetryDecision {
    Verdict verdict = Verdict::again;
    Duration pause{};
};

/// Attempts without a new token between them after which a job is given up.
inline constexpr std::uint32_t fruitless_attempts_max = 5;

/// The pause before attempt n + 1, doubling from the first to the longest.
inline constexpr Duration first_pause = std::chrono::milliseconds(250);
inline constexpr Duration longest_pause = std::chrono::seconds(30);

/// A model whose load failed is not loaded again before, however many ask for it: they get that failure told. A job
/// that was told waits at least as long, so that each failure that it counts is another load's.
inline constexpr Duration load_retry_pause = std::chrono::seconds(2);

/// How long a job waits before it looks again whether there is room for its model.
inline constexpr Duration no_room_pause = std::chrono::seconds(5);

/// The pause after an order that nobody answered, which took its own time.
inline constexpr Duration unanswered_pause = std::chrono::seconds(1);

/// Whether the job may be to blame: a worker that refused before its first byte, or that answers nobody, says nothing
/// about it.
[[nodiscard]] bool counts(AttemptFault fault);

/// `failures`: attempts that count and failed since the last token was stored, this one included. Attempts that do not
/// count have no bound: what they need is another worker, and whoever places them sees to that.
[[nodiscard]] RetryDecision decide_retry(AttemptFault fault, std::uint32_t failures);

}  // namespace rbees::orchestrator
