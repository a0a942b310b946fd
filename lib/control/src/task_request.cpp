#include "rbees/control/task_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "rbees/base/hash.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/sessions.hpp"
#include "rbees/reflect/read.hpp"
#include "task_shapes.hpp"

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

/// Whether the member is there; null counts as absent.
bool has(const reflect::json::object& body, std::string_view member) {
    const auto* value = body.if_contains(member);
    return value != nullptr && !value->is_null();
}

FieldErrors faults_of_values(const SubmitTask& task) {
    FieldErrors errors;
    if (task.prompt && task.prompt->empty()) errors.push_back({"/prompt", "must not be empty"});
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

/// What can be read of a body without the members that were found faulty, so that the others are judged, too.
SubmitTask rest_of(reflect::json::object body, const FieldErrors& faults) {
    for (const auto& fault : faults) {
        if (!fault.pointer.empty()) body.erase(std::string_view(fault.pointer).substr(1));
    }
    body.emplace("max_tokens", 1);  // required; where it was faulty, that is told already
    return reflect::from_json<SubmitTask>(body).value_or(SubmitTask{.max_tokens = 1});
}

void append(FieldErrors& errors, FieldErrors more) {
    const auto room = reflect::faults_max - std::min(errors.size(), reflect::faults_max);
    more.resize(std::min(more.size(), room));
    std::ranges::move(more, std::back_inserter(errors));
}

/// One that is too large is so by our bound, also where it is more than can be read at all.
void name_bound_of_tokens(const reflect::json::object& body, FieldErrors& errors) {
    const auto* value = body.if_contains("max_tokens");
    reflect::json::error_code failed;
    const bool is_too_large =
        value != nullptr && value->is_number() && value->to_number<double>(failed) > double{tokens_max};
    if (!is_too_large) return;
    const auto fault = std::ranges::find(errors, "/max_tokens", &reflect::FieldError::pointer);
    fault->detail = fmt::format("must lie between 1 and {}", tokens_max);
    fault->limit = "max_tokens";
}

/// The task, or everything that is wrong with it.
std::expected<SubmitTask, FieldErrors> read_task(const reflect::json::value& document) {
    auto task = reflect::from_json<SubmitTask>(document);
    if (!document.is_object()) return task;
    const auto& body = document.get_object();
    FieldErrors errors;
    if (!task) errors = std::move(task.error());
    if (has(body, "prompt") == has(body, "messages")) {
        errors.push_back({"", "needs exactly one of prompt and messages"});
    }
    append(errors, faults_of_values(task ? *task : rest_of(body, errors)));
    append(errors, faults_of_shapes(body));
    name_bound_of_tokens(body, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return task;
}

}  // namespace

std::expected<TaskRequest, Problem> read_task_request(std::string_view body) {
    auto document = reflect::parse_json(body);
    if (!document) {
        const auto& error = document.error();
        Problem problem{.code = ErrorCode::INVALID_PARAMS,
                        .detail = fmt::format("the body is not JSON: {} at byte {}", error.message, error.offset),
                        .errors = {{"", error.message}}};
        if (!error.limit.empty()) {
            problem.limit = error.limit;
            problem.hint = contracts::hint_of_bound(error.limit);
        }
        return std::unexpected(std::move(problem));
    }
    auto task = read_task(*document);
    if (!task) return std::unexpected(contracts::invalid("task", std::move(task.error())));
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
