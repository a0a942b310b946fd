#include "rbees/orchestrator_core/retry_rule.hpp"

#include <algorithm>

namespace rbees::orchestrator {

RetryDecision decide_retry(AttemptFault fault, std::uint32_t failures) {
    if (fault == AttemptFault::refused) return {Verdict::failed, {}};
    if (fault == AttemptFault::not_started) return {Verdict::again, {}};
    if (fault == AttemptFault::no_room) return {Verdict::again, no_room_pause};
    if (failures >= fruitless_attempts_max) return {Verdict::dead_letter, {}};
    // A worker's first death says nothing about the job: another goes on at once.
    if (failures <= 1 && fault == AttemptFault::worker_lost) return {Verdict::again, {}};
    const auto doublings = std::min(failures, fruitless_attempts_max) - 1;
    const auto shortest = fault == AttemptFault::model_failed ? load_retry_pause : first_pause;
    return {Verdict::again, std::clamp<Duration>(first_pause * (1U << doublings), shortest, longest_pause)};
}

}  // namespace rbees::orchestrator
