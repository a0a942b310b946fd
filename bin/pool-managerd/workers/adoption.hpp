#pragma once
/// @file
/// Whether a process that an earlier run of ours recorded is the worker that it should be, and how far it is.

#include <cstdint>
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

enum class Proof : std::uint8_t {
    given,  ///< it knows its secret
    late,   ///< it is the recorded process, and gives no answer in time: it stands still
};

/// A recorded process that still runs.
struct RecognizedWorker {
    process::Process process;
    Proof proof = Proof::given;
};

/// The recorded process, if it still runs and is a worker of ours. One that starts may not listen yet, so it is asked
/// until `deadline` or its end, once at least. Nothing if nobody listens there, or somebody does not take the secret.
/// The client must outlive the task.
[[nodiscard]] net::Task<std::optional<RecognizedWorker>> recognize_worker(net::Client& client, WorkerRecord record,
                                                                          Instant deadline);

/// Whether the recorded process has ended; no if that cannot be seen.
[[nodiscard]] bool has_ended(const WorkerRecord& record);

/// Asks a worker; nothing if it does not answer. The client must outlive the task.
[[nodiscard]] net::Task<std::optional<WorkerNews>> ask_news(net::Client& client, WorkerAddress worker);

}  // namespace rbees::poold
