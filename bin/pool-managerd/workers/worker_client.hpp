#pragma once
/// @file
/// What the pool manager asks a worker: its health, what it can do, and to stop.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "limits.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/client.hpp"

namespace rbees::poold {

/// Why a worker gave no answer.
enum class WorkerSilence : std::uint8_t {
    late,     ///< it did not answer in time
    nobody,   ///< nothing listens there, or it closed, or this process could not ask
    foreign,  ///< something answers that does not accept the secret, or does not speak as a worker
};

struct WorkerAddress {
    std::uint16_t port = 0;
    std::string secret;
};

/// Calls over loopback, each bounded by `limits::worker_answer`, or by `within`. The client must outlive the tasks.
[[nodiscard]] net::Task<std::expected<contracts::WorkerHealth, WorkerSilence>> ask_health(
    net::Client& client, WorkerAddress worker, Duration within = limits::worker_answer);
[[nodiscard]] net::Task<std::expected<contracts::WorkerCapabilities, WorkerSilence>> ask_capabilities(
    net::Client& client, WorkerAddress worker);
[[nodiscard]] net::Task<std::expected<void, WorkerSilence>> ask_shutdown(net::Client& client, WorkerAddress worker);

/// Where a worker on this port is reached.
[[nodiscard]] std::string worker_url(std::uint16_t port);

}  // namespace rbees::poold
