#pragma once
/// @file
/// How pool managers are asked. A port: HTTP in rbees-orcd, a simulated network elsewhere.

#include <expected>
#include <functional>
#include <string>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::control {

/// Where a pool manager is reached, and with what.
struct PoolAddress {
    std::string url;
    std::string call_token;
};

/// What a pool manager refused, or POOL_UNAVAILABLE if it could not be asked: then it may have done it all the same.
using PoolAnswer = std::expected<void, contracts::Problem>;
using PoolReply = std::function<void(PoolAnswer answer)>;

/// Likewise for a download: how far it is already, if it was taken.
using DownloadAnswer = std::expected<contracts::DownloadReport, contracts::Problem>;
using DownloadReply = std::function<void(DownloadAnswer answer)>;

/// Each call replies once, on the control thread, within a deadline of its own. Orders are named by ids, so a repeated
/// one is recognised.
class PoolPort {
  public:
    PoolPort() = default;
    PoolPort(const PoolPort&) = delete;
    PoolPort& operator=(const PoolPort&) = delete;
    virtual ~PoolPort() = default;

    /// Starts a worker. Replies when the order was taken: that the worker is ready comes with a report of its node.
    virtual void spawn(PoolAddress pool, contracts::SpawnWorker order, PoolReply reply) = 0;

    /// Has a worker finish its work and end. Replies when the order was taken. WORKER_NOT_FOUND if the node has none.
    virtual void stop(PoolAddress pool, contracts::StopWorker order, PoolReply reply) = 0;

    /// Fetches or checks a model's file. Replies when the order was taken; progress comes with the node's reports.
    virtual void download(PoolAddress pool, contracts::DownloadModel order, DownloadReply reply) = 0;

    /// Ends the model's download there, too. MODEL_NOT_FOUND if the node has nothing of it.
    virtual void remove_model(PoolAddress pool, ModelId model, PoolReply reply) = 0;
};

}  // namespace rbees::control
