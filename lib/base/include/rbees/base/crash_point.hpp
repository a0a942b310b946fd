#pragma once
/// @file
/// Places with a name where a process of a test build ends at once, to show that nothing is lost there
/// (docs/reliability.md).
///
/// They exist in builds with AddressSanitizer (the preset `dev`). In what users run `crash_point()` is empty, and the
/// compiler drops it.
///
///     RBEES_CRASH_AT=NAME[:N],...   ends with code 137, as after kill -9, when the point is passed for the N-th time
///     RBEES_CRASH_FOLDER=PATH       where each death leaves a file NAME; while that file is there the point only
///                                   lets pass and counts nothing, so the process that is started next lives on. A test
///                                   makes the file beforehand and takes it away when it wants the process dead.
///
/// Points hold no lock and change nothing; what a name says is true of the moment just before the process ends.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define RBEES_CRASH_POINTS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RBEES_CRASH_POINTS
#endif
#endif

namespace rbees {

enum class CrashPoint : std::uint8_t {
    // rbees-orcd, journal thread
    before_append,
    appended_not_synced,
    synced_not_reported,
    log_copied,
    cut_not_committed,
    cut_committed,
    // rbees-orcd, control thread
    synced_not_replied,
    replied_effect_not_run,
    spawn_run_not_recorded,
    execute_run_not_recorded,
    recovered_not_serving,
    during_reconcile,
    node_registered,
    frame_received_not_stored,
    frame_stored_not_acknowledged,
    end_received_not_stored,
    end_stored_not_acknowledged,
    during_erasure,
    // rbees-orcd, other threads
    task_answered,
    backup_copied,
    backup_listed,
    // pool-managerd
    spawned_not_recorded,
    recorded_not_trusted,
    trusted_not_told,
    ready_not_told,
    during_adoption,
    // rbees-workerd
    loaded_not_told,
    order_taken_not_answered,
    token_made_not_sent,
    token_sent_not_acknowledged,
    end_made_not_sent,
    acknowledged_not_answered,
};

/// A point as people name it, and what has happened when the process ends there.
struct NamedCrashPoint {
    CrashPoint point;
    std::string_view name;
    std::string_view meaning;
};

inline constexpr std::array crash_points{
    NamedCrashPoint{CrashPoint::before_append, "before-append", "a change is decided, nothing of it is written"},
    NamedCrashPoint{CrashPoint::appended_not_synced, "appended-not-synced", "it is written, but not committed"},
    NamedCrashPoint{CrashPoint::synced_not_reported, "synced-not-reported", "it is on disk, and nobody knows"},
    NamedCrashPoint{CrashPoint::log_copied, "log-copied", "the write-ahead log was copied into the database"},
    NamedCrashPoint{CrashPoint::cut_not_committed, "cut-not-committed", "old records are taken away, not committed"},
    NamedCrashPoint{CrashPoint::cut_committed, "cut-committed", "a step of taking old records away is on disk"},
    NamedCrashPoint{CrashPoint::synced_not_replied, "synced-not-replied", "a change is on disk, its reply waits"},
    NamedCrashPoint{CrashPoint::replied_effect_not_run, "replied-effect-not-run",
                    "the reply is out, no effect has run"},
    NamedCrashPoint{CrashPoint::spawn_run_not_recorded, "spawn-run-not-recorded", "a pool manager took a spawn order"},
    NamedCrashPoint{CrashPoint::execute_run_not_recorded, "execute-run-not-recorded", "a worker took an attempt"},
    NamedCrashPoint{CrashPoint::recovered_not_serving, "recovered-not-serving",
                    "the rows are read, nobody is answered"},
    NamedCrashPoint{CrashPoint::during_reconcile, "during-reconcile", "some live jobs were taken up after a start"},
    NamedCrashPoint{CrashPoint::node_registered, "node-registered", "a node registered, its orders are not repeated"},
    NamedCrashPoint{CrashPoint::frame_received_not_stored, "frame-received-not-stored", "tokens came from a worker"},
    NamedCrashPoint{CrashPoint::frame_stored_not_acknowledged, "frame-stored-not-acknowledged",
                    "tokens are on disk; neither readers nor the worker know"},
    NamedCrashPoint{CrashPoint::end_received_not_stored, "end-received-not-stored", "a worker has said a task's end"},
    NamedCrashPoint{CrashPoint::end_stored_not_acknowledged, "end-stored-not-acknowledged",
                    "a task's end is on disk; the worker keeps it still"},
    NamedCrashPoint{CrashPoint::during_erasure, "during-erasure", "the text of some old tasks is erased, not of all"},
    NamedCrashPoint{CrashPoint::task_answered, "task-answered", "the 202 of a task is written to its connection"},
    NamedCrashPoint{CrashPoint::backup_copied, "backup-copied", "a backup is copied, under a name that is no backup's"},
    NamedCrashPoint{CrashPoint::backup_listed, "backup-listed", "its manifest is there, the backup has no name yet"},
    NamedCrashPoint{CrashPoint::spawned_not_recorded, "spawned-not-recorded", "a worker's process runs without record"},
    NamedCrashPoint{CrashPoint::recorded_not_trusted, "recorded-not-trusted", "it has a record and no secret yet"},
    NamedCrashPoint{CrashPoint::trusted_not_told, "trusted-not-told", "it has its secret, rbees-orcd has no answer"},
    NamedCrashPoint{CrashPoint::ready_not_told, "ready-not-told", "a worker says that it is ready"},
    NamedCrashPoint{CrashPoint::during_adoption, "during-adoption", "a worker of an earlier run has proved itself"},
    NamedCrashPoint{CrashPoint::loaded_not_told, "loaded-not-told", "the model is loaded, nobody was told"},
    NamedCrashPoint{CrashPoint::order_taken_not_answered, "order-taken-not-answered", "an attempt has begun"},
    NamedCrashPoint{CrashPoint::token_made_not_sent, "token-made-not-sent", "tokens are in the worker's buffer"},
    NamedCrashPoint{CrashPoint::token_sent_not_acknowledged, "token-sent-not-acknowledged", "tokens are sent"},
    NamedCrashPoint{CrashPoint::end_made_not_sent, "end-made-not-sent", "a generation has ended, nobody was told"},
    NamedCrashPoint{CrashPoint::acknowledged_not_answered, "acknowledged-not-answered",
                    "the worker has forgotten what is stored"},
};

/// Where to end, and when.
struct CrashOrder {
    CrashPoint point{};
    std::uint32_t pass = 1;  ///< counted from 1

    bool operator==(const CrashOrder&) const = default;
};

/// Reads `NAME[:N],...`. The refusal of a name that is none lists all.
[[nodiscard]] Result<std::vector<CrashOrder>> read_crash_orders(std::string_view text);

#ifdef RBEES_CRASH_POINTS
inline constexpr bool has_crash_points = true;

/// Takes the orders of the environment. Before anything else runs; fails on an order that is none.
[[nodiscard]] Result<void> arm_crash_points(const Environment& environment);

/// Ends the process if that is ordered. Thread-safe.
void crash_point(CrashPoint point);
#else
inline constexpr bool has_crash_points = false;
inline Result<void> arm_crash_points(const Environment& /*environment*/) {
    return {};
}
constexpr void crash_point(CrashPoint /*point*/) {}
#endif

}  // namespace rbees
