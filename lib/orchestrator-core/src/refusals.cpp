#include "rbees/orchestrator_core/refusals.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "rbees/base/shell.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// A pool manager that died is started again within seconds.
constexpr std::int64_t pool_retry_ms = 5'000;

Problem not_there(ErrorCode code, std::string_view kind, std::string_view name, std::string hint) {
    return {.code = code, .detail = fmt::format("there is no {} {}", kind, name), .hint = std::move(hint)};
}

}  // namespace

Problem no_task(const JobId& id) {
    return not_there(ErrorCode::NOT_FOUND, "task", id.str(), "rbees jobs list");
}

Problem no_session(const std::string& name) {
    return not_there(ErrorCode::NOT_FOUND, "session", name, "rbees sessions list");
}

Problem no_node(const NodeId& id) {
    return not_there(ErrorCode::NOT_FOUND, "node", id.str(), "rbees nodes list");
}

Problem no_worker(const WorkerId& id) {
    return not_there(ErrorCode::WORKER_NOT_FOUND, "worker", id.str(), "rbees workers list");
}

Problem no_model(const std::string& reference) {
    return not_there(ErrorCode::MODEL_NOT_FOUND, "model", reference, "rbees models list --all");
}

Problem model_not_on_disk(const std::string& reference) {
    return {.code = ErrorCode::MODEL_NOT_FOUND,
            .detail = fmt::format("model {} is not on disk", reference),
            .hint = "rbees models pull " + shell_word(reference)};
}

Problem no_pool_manager() {
    return {.code = ErrorCode::POOL_UNAVAILABLE,
            .detail = "no pool manager is connected, so no model can be loaded",
            .hint = "rbees status",
            .retry_after_ms = pool_retry_ms};
}

}  // namespace rbees::orchestrator
