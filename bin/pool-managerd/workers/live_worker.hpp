#pragma once
/// @file
/// One worker of this node: its decisions, its process, and what it told about itself.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/pool_core/worker_lifecycle.hpp"
#include "rbees/process/exit_watch.hpp"
#include "workers/launch.hpp"

namespace rbees::poold {

/// Whether a report may carry the spawn secret: only on the way to orcd.
enum class Secrets : bool { left_out, included };

inline constexpr auto cpu_device_id = "cpu";

struct LiveWorker {
    pool::Worker life;
    WorkerRecord record;
    LaunchOrder order;                        ///< how it was or will be started; empty if adopted
    Bytes file_size;                          ///< of its model; zero if that is no file
    Bytes expected_memory;                    ///< of its device, what it will take while it loads
    std::optional<process::ExitWatch> watch;  ///< while its process runs
    std::optional<contracts::WorkerCapabilities> capabilities;
    std::optional<Bytes> memory;

    /// Keeps what it says of itself. What that is to its life.
    [[nodiscard]] pool::WorkerCommand hear(const contracts::WorkerReady& report);

    /// The device that it really computes on, once it is ready; until then the ordered one.
    [[nodiscard]] std::string device() const;

    /// Its state in the words of the contract.
    [[nodiscard]] contracts::WorkerReport report(Secrets secrets) const;
};

/// A start or a stop that a step made final, for metrics.
struct CountedEvent {
    std::string_view event;    ///< "start" or "stop"
    std::string_view outcome;  ///< "ready", "stopped" or "failed"
};

/// What is to be counted after a step, of the worker as it is now and was before.
[[nodiscard]] std::vector<CountedEvent> countable(const LiveWorker& worker, contracts::WorkerState state_before,
                                                  pool::Phase phase_before);

/// One line for a change worth telling; steps of the loading are left out.
void log_state(const Logger& log, const LiveWorker& worker);

/// What its exit code says: `contracts::worker_exit_port_taken`, or nothing that is known.
[[nodiscard]] pool::ExitCause cause_of(const process::ExitStatus& status);

/// How a worker's process ended, for people. A worker that told no reason why it could not load leaves one in its log.
[[nodiscard]] std::string how_it_ended(const LiveWorker& worker, const process::ExitStatus& status);

}  // namespace rbees::poold
