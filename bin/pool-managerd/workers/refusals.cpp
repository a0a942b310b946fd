#include "workers/refusals.hpp"

#include <fmt/format.h>

namespace rbees::poold {

using contracts::ErrorCode;

contracts::Problem unknown_worker(const WorkerId& id) {
    return {.code = ErrorCode::WORKER_NOT_FOUND, .detail = fmt::format("this node has no worker {}", id.str())};
}

contracts::Problem still_runs() {
    return {.code = ErrorCode::CONFLICT,
            .detail = "a process of that worker runs, but does not prove that it is ours",
            .hint = "end it by hand, or start a worker under another id"};
}

contracts::Problem stopped_before() {
    return {.code = ErrorCode::CONFLICT,
            .detail = "it was stopped before it was started",
            .hint = "start a worker under another id"};
}

}  // namespace rbees::poold
