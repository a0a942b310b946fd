#pragma once
/// @file
/// A job of the core as clients read it: its view, and an explanation of how it stands; and its session. Pure.

#include <chrono>
#include <cstdint>
#include <optional>

#include "rbees/contracts/sessions.hpp"
#include "rbees/contracts/task_views.hpp"
#include "rbees/http_api/access.hpp"
#include "rbees/orchestrator_core/job.hpp"
#include "rbees/orchestrator_core/sessions.hpp"

namespace rbees::orcd {

/// Whether that caller may read, follow and cancel the task: its owner, and whoever is admin.
[[nodiscard]] bool may_see(const http_api::Caller& caller, const orchestrator::Job& job);

/// The view without the result.
[[nodiscard]] contracts::TaskView view_of(const orchestrator::Job& job, std::optional<std::uint64_t> queue_position);

/// What stands around a task when somebody asks about it.
struct TaskSurroundings {
    std::optional<std::uint64_t> queue_position;
    std::uint32_t workers = 0;  ///< ready ones of its model
    WallTime now{};
};

[[nodiscard]] contracts::TaskExplanation explanation_of(const orchestrator::Job& job, const TaskSurroundings& around);

/// `remembered_for`: how long it will be known yet if nobody uses it.
[[nodiscard]] contracts::SessionView view_of(const orchestrator::Session& session,
                                             std::optional<std::chrono::milliseconds> remembered_for);

}  // namespace rbees::orcd
