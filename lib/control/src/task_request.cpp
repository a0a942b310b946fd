#include "rbees/control/task_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "rbees/base/hash.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/sessions.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::SubmitTask;
using reflect::FieldErrors;

constexpr std::uint32_t tokens_max = 1'000'000;
constexpr std::uint64_t deadline_ms_max = 365ULL * 24 * 3'600 * 1'000;

/// Members that are not for the worker: ours, those that a stream of its own decides, and other names of `max_tokens`,
/// which would go before the one that is checked and counted.
constexpr std::string_view not_for_worker[] = {
    "prompt",   "priority", "session_id", "deadline_ms", "stream", "stream_options", "max_completion_tokens",
    "n_predict"};

bool is_between(const std::optional<double>& value, double low, double high) {
    return !value || (std::isfinite(*value) && *value >= low && *value <= high);
}

void check_text(const SubmitTask& task, FieldErrors& errors) {
    if (task.prompt.has_value() == task.messages.has_value()) {
        errors.push_back({"", "needs exactly one of prompt and messages"});
    }
    if (task.prompt && task.prompt->empty()) errors.push_back({"/prompt", "must not be empty"});
    if (task.messages && (!task.messages->is_array() || task.messages->get_array().empty())) {
        errors.push_back({"/messages", "must be an array with at least one message"});
    }
}

FieldErrors faults_of(const SubmitTask& task) {
    FieldErrors errors;
    check_text(task, errors);
    if (task.max_tokens == 0 || task.max_tokens > tokens_max) {
        errors.push_back({"/max_tokens", fmt::format("must lie between 1 and {}", tokens_max)});
    }
    if (!is_between(task.temperature, 0, 2)) errors.push_back({"/temperature", "must lie between 0 and 2"});
    if (!is_between(task.top_p, 0, 1)) errors.push_back({"/top_p", "must lie between 0 and 1"});
    const bool is_session = !task.session_id || is_valid_id(*task.session_id);
    if (!is_session) {
        errors.push_back(
            {"/session_id", fmt::format("must be 1 to {} of A-Z a-z 0-9 . _ : -", contracts::session_id_bytes_max)});
    }
    if (task.deadline_ms && (*task.deadline_ms == 0 || *task.deadline_ms > deadline_ms_max)) {
        errors.push_back({"/deadline_ms", fmt::format("must lie between 1 and {}", deadline_ms_max)});
    }
    return errors;
}

}  // namespace

std::expected<TaskRequest, Problem> read_task_request(std::string_view body) {
    auto document = reflect::parse_json(body);
    if (!document) {
        const auto& error = document.error();
        return std::unexpected(
            Problem{.code = ErrorCode::INVALID_PARAMS,
                    .detail = fmt::format("the body is not JSON: {} at byte {}", error.message, error.offset),
                    .errors = {{"", error.message}}});
    }
    auto task = reflect::from_json<SubmitTask>(*document);
    if (!task) return std::unexpected(contracts::invalid("task", std::move(task.error())));
    if (auto errors = faults_of(*task); !errors.empty()) {
        return std::unexpected(contracts::invalid("task", std::move(errors)));
    }
    auto digest = sha256_hex(reflect::to_canonical_text(*document));
    return TaskRequest{std::move(*task), std::move(document->get_object()), std::move(digest)};
}

reflect::json::object worker_request(const TaskRequest& request, const ModelId& model, std::uint32_t seed) {
    auto body = request.body;
    for (const auto member : not_for_worker) {
        body.erase(member);
    }
    body["model"] = model.str();
    if (request.task.prompt) {
        const reflect::json::object message{{"role", "user"}, {"content", *request.task.prompt}};
        body["messages"] = reflect::json::array{message};
    }
    if (!request.task.seed) body["seed"] = seed;
    return body;
}

}  // namespace rbees::control
