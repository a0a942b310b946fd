#include "rbees/orchestrator_core/retry_rule.hpp"

#include <algorithm>

namespace rbees::orchestrator {
namespace {

/// Of the n-th try, from 1.
Duration pause_after(std::uint32_t n) {
    constexpr std::uint32_t doublings_max = 7;  // by then it is the longest
    static_assert(first_pause * (1U << doublings_max) >= longest_pause);
    return std::min<Duration>(first_pause * (1U << std::min(n - 1, doublings_max)), longest_pause);
}

}  // namespace

bool counts(AttemptFault fault) {
    return fault != AttemptFault::not_started && fault != AttemptFault::unanswered && fault != AttemptFault::no_room;
}

RetryDecision decide_retry(AttemptFault fault, std::uint32_t failures) {
    if (fault == AttemptFault::refused) return {Verdict::failed, {}};
    if (fault == AttemptFault::not_started) return {Verdict::again, {}};
    if (fault == AttemptFault::unanswered) return {Verdict::again, unanswered_pause};
    if (fault == AttemptFault::no_room) return {Verdict::again, no_room_pause};
    if (failures >= fruitless_attempts_max) return {Verdict::dead_letter, {}};
    // A worker's first death says nothing about the job: another goes on at once.
    if (failures <= 1 && fault == AttemptFault::worker_lost) return {Verdict::again, {}};
    const auto shortest = fault == AttemptFault::model_failed ? load_retry_pause : first_pause;
    return {Verdict::again, std::max<Duration>(pause_after(failures), shortest)};
}

}  // namespace rbees::orchestrator
