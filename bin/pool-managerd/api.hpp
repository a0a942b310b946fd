#pragma once
/// @file
/// The pool manager's routes: who may call them, and what they do.

#include <functional>
#include <string>
#include <vector>

#include "downloads/downloads.hpp"
#include "models/model_store.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"
#include "workers/worker_pool.hpp"

namespace rbees::poold {

/// What the routes work on; everything must outlive the router.
struct ApiParts {
    WorkerPool& workers;
    Downloads& downloads;
    ModelStore& store;
    http_api::Metrics& metrics;
    std::string call_token;
    std::function<contracts::NodeStatus()> status;
    std::function<std::vector<contracts::Device>()> devices;
    std::function<void()> changed;
    std::function<void(contracts::WorkersAtExit)> shut_down;
    std::function<void(const Manifest& removed)> removed;  ///< a model's file was deleted
    std::function<bool()> is_stopping;
};

[[nodiscard]] http_api::Handlers api_handlers(ApiParts parts);

/// The call token opens everything; a spawn secret opens the worker's own report, from loopback only.
[[nodiscard]] http_api::AccessCheck api_access(const WorkerPool& workers, std::string call_token);

}  // namespace rbees::poold
