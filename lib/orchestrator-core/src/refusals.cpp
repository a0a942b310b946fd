#include "rbees/orchestrator_core/refusals.hpp"

#include <fmt/format.h>

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// A pool manager that died is started again within seconds.
constexpr std::int64_t pool_retry_ms = 5'000;

}  // namespace

Problem no_task(const JobId& id) {
    return {.code = ErrorCode::NOT_FOUND,
            .detail = fmt::format("there is no task {}", id.str()),
            .hint = "rbees jobs list"};
}

Problem no_session(const std::string& name) {
    return {.code = ErrorCode::NOT_FOUND,
            .detail = fmt::format("there is no session {}", name),
            .hint = "rbees sessions list"};
}

Problem no_node(const NodeId& id) {
    return {.code = ErrorCode::NOT_FOUND,
            .detail = fmt::format("there is no node {}", id.str()),
            .hint = "rbees nodes list"};
}

Problem no_worker(const WorkerId& id) {
    return {.code = ErrorCode::WORKER_NOT_FOUND,
            .detail = fmt::format("there is no worker {}", id.str()),
            .hint = "rbees workers list"};
}

Problem no_model(const std::string& reference) {
    return {.code = ErrorCode::MODEL_NOT_FOUND,
            .detail = fmt::format("there is no model {}", reference),
            .hint = "rbees models list --all"};
}

Problem model_not_on_disk(const std::string& reference) {
    return {.code = ErrorCode::MODEL_NOT_FOUND,
            .detail = fmt::format("model {} is not on disk", reference),
            .hint = "rbees models pull " + reference};
}

Problem no_pool_manager() {
    return {.code = ErrorCode::POOL_UNAVAILABLE,
            .detail = "no pool manager is connected, so no model can be loaded",
            .hint = "rbees status",
            .retry_after_ms = pool_retry_ms};
}

}  // namespace rbees::orchestrator
