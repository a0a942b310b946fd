#pragma once
/// @file
/// Whether a process that an earlier run of ours recorded is the worker that it should be, and how far it is.

#include <memory>
#include <optional>

#include "rbees/base/time.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/client.hpp"
#include "rbees/process/process.hpp"
#include "workers/worker_client.hpp"
#include "workers/worker_record.hpp"

namespace rbees::poold {

/// What a worker says of itself when it is asked.
struct WorkerNews {
    contracts::WorkerHealth health;
    std::optional<contracts::WorkerCapabilities> capabilities;  ///< once its model is loaded
};

/// The recorded process, if it still runs and knows its secret. One that starts may not answer yet, so it is asked
/// until `deadline` or its end. The client must outlive the task.
[[nodiscard]] net::Task<std::optional<process::Process>> prove_worker(net::Client& client, WorkerRecord record,
                                                                      Instant deadline);

/// Whether the recorded process has ended; no if that cannot be seen.
[[nodiscard]] bool has_ended(const WorkerRecord& record);

/// Asks a worker; nothing if it does not answer. The client must outlive the task.
[[nodiscard]] net::Task<std::optional<WorkerNews>> ask_news(net::Client& client, WorkerAddress worker);

}  // namespace rbees::poold
