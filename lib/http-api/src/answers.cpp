#include "rbees/http_api/answers.hpp"

#include <algorithm>
#include <array>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::http_api {
namespace {

using contracts::ErrorCode;

constexpr std::size_t correlation_id_length_max = 64;

bool is_correlation_id(std::string_view text) {
    return !text.empty() && text.size() <= correlation_id_length_max && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

/// Statuses that the server answers before there is a route. 408 has no code of its own: the client reacts to the
/// status.
ErrorCode code_of_status(int status) {
    switch (status) {
        case 413:
            return ErrorCode::BODY_TOO_LARGE;
        case 408:
        case 431:
        case 503:
            return ErrorCode::LIMIT_EXCEEDED;
        case 500:
            return ErrorCode::INTERNAL;
        default:
            return ErrorCode::INVALID_PARAMS;
    }
}

struct LimitHint {
    std::string_view limit;
    std::string_view hint;
};

/// What a client can do about a bound that the server enforces.
constexpr std::array limit_hints{
    LimitHint{"body.limit", "send less, or set the option body.limit higher (256 MiB at most)"},
    LimitHint{"bodies.limit", "try again when others are answered, or set the option bodies.limit higher"},
    LimitHint{"task_body_max", "send less: a task's body is kept in the journal, so this limit is fixed"},
    LimitHint{"control_body_max", "send less: this limit is fixed"},
    LimitHint{"header",
              "send fewer or shorter headers, or put into the body what stands in the path: the limit is fixed"},
    LimitHint{"header_time", "send the request at once when the connection is there"},
    LimitHint{"body_time", "send the body without pauses, or less of it"},
    LimitHint{"connections", "close connections that you do not need, or set the option connections.limit higher"}};

std::optional<std::string> hint_for(std::string_view limit) {
    const auto* found = std::ranges::find(limit_hints, limit, &LimitHint::limit);
    return found == limit_hints.end() ? std::nullopt : std::optional(std::string(found->hint));
}

/// Whether to ask again may help, of a status that the server answers before there is a route.
bool is_retriable(int status) {
    return status == 408 || status == 503;
}

/// The server's own status goes before that of the code.
net::Response openai_server_error(const contracts::Problem& problem, int status, const std::string& request_id) {
    auto body = contracts::openai_error_body(problem, request_id);
    body.error.type = contracts::openai_error_type(status);
    body.error.retriable = is_retriable(status);
    return json_answer(status, body);
}

net::Response problem_server_error(const contracts::Problem& problem, int status, const std::string& request_id) {
    auto body = contracts::problem_body(problem, request_id);
    body.title = net::reason_phrase(status);
    body.status = status;
    body.retriable = is_retriable(status);
    auto response = json_answer(status, body);
    response.headers.set("Content-Type", "application/problem+json");
    return response;
}

std::string seconds_up(std::int64_t milliseconds) {
    return std::to_string((std::max<std::int64_t>(milliseconds, 0) + 999) / 1000);
}

}  // namespace

net::Response json_text_answer(int status, std::string bytes) {
    return {status, {{"Content-Type", "application/json"}}, std::move(bytes)};
}

net::Response empty_answer(int status) {
    return {status, {}, {}};
}

net::Response text_answer(int status, std::string_view content_type, std::string text) {
    return {status, {{"Content-Type", std::string(content_type)}}, std::move(text)};
}

net::Response problem_answer(const contracts::Problem& problem, contracts::ErrorShape errors,
                             const std::string& request_id) {
    net::Response response;
    if (errors == contracts::ErrorShape::openai) {
        response = json_answer(problem.status(), contracts::openai_error_body(problem, request_id));
    } else {
        response = json_answer(problem.status(), contracts::problem_body(problem, request_id));
        response.headers.set("Content-Type", "application/problem+json");
    }
    if (problem.code == ErrorCode::UNAUTHORIZED) response.headers.set("WWW-Authenticate", "Bearer");
    if (problem.retry_after_ms) response.headers.set("Retry-After", seconds_up(*problem.retry_after_ms));
    return response;
}

contracts::ErrorShape error_shape_of(std::string_view target) {
    return target.starts_with("/v1/") ? contracts::ErrorShape::openai : contracts::ErrorShape::problem;
}

net::ErrorBody server_error_body() {
    return [](const net::ServerError& error) {
        contracts::Problem problem{.code = code_of_status(error.status), .detail = std::string(error.detail)};
        if (!error.limit.empty()) problem.limit = std::string(error.limit);
        problem.hint = hint_for(error.limit);
        const auto request_id = new_uuid();
        auto response = error_shape_of(error.target) == contracts::ErrorShape::openai
                            ? openai_server_error(problem, error.status, request_id)
                            : problem_server_error(problem, error.status, request_id);
        response.headers.set(contracts::correlation_header, request_id);
        return response;
    };
}

std::string correlation_id(const net::Request& request) {
    const auto given = request.headers.find(contracts::correlation_header);
    return given && is_correlation_id(*given) ? std::string(*given) : new_uuid();
}

namespace detail {

contracts::Problem body_problem(reflect::FieldErrors errors) {
    return contracts::invalid("body", std::move(errors));
}

}  // namespace detail
}  // namespace rbees::http_api
