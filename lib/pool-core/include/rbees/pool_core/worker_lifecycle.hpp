#pragma once
/// @file
/// The life of one worker, from the order to start it to the end of its process: what to do next, and what to tell.
///
/// Pure and total: any command in any phase gives a Step, often an empty one, so repeated and late messages do no harm.
/// The pool manager owns one `Worker` for each worker id, feeds it what happens, and carries out the effects in order.
/// Time comes in with each command.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rbees/base/time.hpp"
#include "rbees/contracts/error_codes.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/options.hpp"

namespace rbees::pool {

/// How long each phase may take.
struct WorkerLimits {
    Duration start_timeout = contracts::default_duration("worker.start_timeout");
    /// For the work in flight, after it was asked to stop.
    Duration stop_grace = contracts::default_duration("worker.stop_grace");
    /// From SIGTERM to SIGKILL, and between SIGKILLs.
    Duration terminate_grace = std::chrono::seconds(5);
    /// Of a worker whose health is asked after.
    Duration silence = contracts::default_duration("worker.silence");

    bool operator==(const WorkerLimits&) const = default;
};

enum class Phase : std::uint8_t {
    idle,         ///< nothing was started yet
    silent,       ///< it ran before the pool manager did, and gave it no answer yet
    starting,     ///< the process runs and loads
    ready,        ///< it serves
    draining,     ///< it was asked to finish and exit
    terminating,  ///< SIGTERM was sent
    killing,      ///< SIGKILL was sent
    stopped,      ///< it is gone, as wanted
    failed,       ///< it is gone, not as wanted
};

/// Why a worker failed.
struct WorkerFailure {
    std::string reason;
    contracts::ErrorCode code = contracts::ErrorCode::WORKER_START_FAILED;

    bool operator==(const WorkerFailure&) const = default;
};

/// How often a worker is started on yet another port because the one that was chosen for it was taken meanwhile.
inline constexpr std::uint32_t relaunches_max = 5;

/// How many questions in a row a worker leaves unanswered before it is given up. They are counted, because time
/// alone also passes while the whole machine is asleep; `WorkerLimits::silence` is spread over them.
inline constexpr std::uint32_t unanswered_max = 4;

/// A worker, as far as decisions need it. A value.
struct Worker {
    Phase phase = Phase::idle;
    std::uint32_t launches = 0;  ///< by this process; an adopted worker has none
    double load_progress = 0;
    std::uint32_t unanswered = 0;  ///< questions in a row, while it is ready or silent
    std::optional<WorkerFailure> failure;
    std::optional<Instant> deadline;  ///< when `Tick` has something to do
    WorkerLimits limits;

    bool operator==(const Worker&) const = default;
};

// Commands: what happened, or what someone wants.

struct Spawn {};    ///< orcd wants it; may come again
struct Found {};    ///< it ran already when the pool manager started, and stands still
struct Adopted {};  ///< it ran already, and proved that it is ours
struct LaunchFailed {
    WorkerFailure failure;
};  ///< there is no process
struct ReportedProgress {
    double load_progress = 0;
};
struct ReportedReady {};
struct Answered {};  ///< it was asked after its health
struct Silent {};    ///< likewise, and there was no answer in time
struct ReportedFailure {
    WorkerFailure failure;
};  ///< the worker says why, and will exit

/// Why a process ended, as far as that decides what follows.
enum class ExitCause : std::uint8_t {
    other,
    port_taken,  ///< it said that another program has its port
};
struct Exited {
    std::string how;
    ExitCause cause = ExitCause::other;
};  ///< the process ended: "exit code 1", "signal 9"
struct Stop {
    std::optional<Duration> grace;
};  ///< finish the work in flight, then end; may come again
struct ShutdownFailed {};  ///< the worker could not be asked
struct Tick {};            ///< time passed
using WorkerCommand = std::variant<Spawn, Found, Adopted, LaunchFailed, ReportedProgress, ReportedReady, Answered,
                                   Silent, ReportedFailure, Exited, Stop, ShutdownFailed, Tick>;

/// What the pool manager does, in order.
enum class WorkerEffect : std::uint8_t {
    launch,         ///< start the process
    relaunch,       ///< choose another port for it, and start it there
    ask_shutdown,   ///< POST /shutdown
    terminate,      ///< SIGTERM
    kill,           ///< SIGKILL
    forget_record,  ///< the process is gone: its record must not be adopted
    report,         ///< tell orcd
};

struct Step {
    Worker worker;
    std::vector<WorkerEffect> effects;
};

/// What follows from a command.
[[nodiscard]] Step advance(Worker worker, const WorkerCommand& command, Instant now);

/// The phase in the words of the contract. A worker that failed to load is `failed` from the moment that is known,
/// though its process may live a little longer.
[[nodiscard]] contracts::WorkerState state_of(const Worker& worker);

/// Whether the process is known to be gone, or never was.
[[nodiscard]] inline bool is_over(Phase phase) {
    return phase == Phase::stopped || phase == Phase::failed;
}

}  // namespace rbees::pool
