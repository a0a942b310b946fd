#pragma once
/// @file
/// Bugs on purpose, to prove that the simulator would find them (docs/simulator.md).
///
/// In what users run `planted()` is a constant `false`, and the compiler drops what stands behind it. A build with
/// RBEES_PLANTED_BUGS (the preset `planted`) makes programs that are wrong in one way at a time, chosen at run time.
/// Such a build is for rbees-sim alone.

#include <array>
#include <cstdint>
#include <string_view>

namespace rbees {

enum class Bug : std::uint8_t {
    none,
    skipped_fence,          ///< the kernel hears an attempt that is over
    skipped_worker_fence,   ///< a worker begins an attempt that is older than one it saw
    reply_before_fsync,     ///< answers do not wait for the disk
    dropped_record,         ///< a row is written, and the record that led to it is not
    reused_attempt,         ///< two attempts have the same number
    double_dispatch,        ///< a job is sent to a worker while it runs
    early_acknowledgement,  ///< the worker is told that tokens are stored before they are
    forgotten_job,          ///< recovery leaves a job out
    early_frames,           ///< readers see frames before they are on disk
    endless_lease,          ///< a worker never gives an execution up
    kept_ticket,            ///< a slot is not given back
    forgotten_key,          ///< after a restart an Idempotency-Key is not known
    repeated_tokens,        ///< tokens come twice after a stream broke
    lost_usage,             ///< the usage counts the last attempt alone
    lost_spending,          ///< a session does not count tasks that end without a result
};

struct PlantedBug {
    Bug bug;
    std::string_view name;
};

inline constexpr std::array planted_bugs{
    PlantedBug{Bug::skipped_fence, "skipped-fence"},
    PlantedBug{Bug::skipped_worker_fence, "skipped-worker-fence"},
    PlantedBug{Bug::reply_before_fsync, "reply-before-fsync"},
    PlantedBug{Bug::dropped_record, "dropped-record"},
    PlantedBug{Bug::reused_attempt, "reused-attempt"},
    PlantedBug{Bug::double_dispatch, "double-dispatch"},
    PlantedBug{Bug::early_acknowledgement, "early-acknowledgement"},
    PlantedBug{Bug::forgotten_job, "forgotten-job"},
    PlantedBug{Bug::early_frames, "early-frames"},
    PlantedBug{Bug::endless_lease, "endless-lease"},
    PlantedBug{Bug::kept_ticket, "kept-ticket"},
    PlantedBug{Bug::forgotten_key, "forgotten-key"},
    PlantedBug{Bug::repeated_tokens, "repeated-tokens"},
    PlantedBug{Bug::lost_usage, "lost-usage"},
    PlantedBug{Bug::lost_spending, "lost-spending"},
};

#ifdef RBEES_PLANTED_BUGS
inline constexpr bool can_plant_bugs = true;

/// The one that is planted now. Not thread-safe: set before anything runs.
inline Bug& planted_bug() {
    static Bug bug = Bug::none;
    return bug;
}
inline bool planted(Bug bug) {
    return planted_bug() == bug;
}
inline void plant(Bug bug) {
    planted_bug() = bug;
}
#else
inline constexpr bool can_plant_bugs = false;
constexpr bool planted(Bug /*bug*/) {
    return false;
}
inline void plant(Bug /*bug*/) {}
#endif

}  // namespace rbees
