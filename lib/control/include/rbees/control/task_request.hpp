#pragma once
/// @file
/// What a client submits as a task, read and checked; and what a worker is sent for it.
///
/// Members that decide about admission and placing are read here. All others belong to the engine: they are passed on
/// as they came, and the worker says what is wrong with them. Pure functions.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/tasks.hpp"

namespace rbees::control {

/// A task as it was submitted, and its body whole.
struct TaskRequest {
    contracts::SubmitTask task;
    reflect::json::object body;
    std::string digest;  ///< of the body in canonical form: two requests are the same if their digests are
};

/// Reads the body of `POST /v2/tasks`. INVALID_PARAMS names every member that is wrong.
[[nodiscard]] std::expected<TaskRequest, contracts::Problem> read_task_request(std::string_view body);

/// The body for the worker, in OpenAI's shape: a prompt becomes one message of the user, and a seed is always there, so
/// that another attempt gives the same.
[[nodiscard]] reflect::json::object worker_request(const TaskRequest& request, const ModelId& model,
                                                   std::uint32_t seed);

}  // namespace rbees::control
