#include "rbees/contracts/problem.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/limits.hpp"

namespace rbees::contracts {
namespace {

std::string openai_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::MODEL_NOT_FOUND:
            return "model_not_found";
        case ErrorCode::CONTEXT_TOO_LONG:
            return "context_length_exceeded";
        case ErrorCode::UNAUTHORIZED:
            return "invalid_api_key";
        default:
            return std::string(reflect::name_of(code));
    }
}

}  // namespace

ProblemBody problem_body(const Problem& problem, const std::string& request_id) {
    const auto& row = row_of(problem.code);
    ProblemBody body;
    body.type = "about:blank";
    body.title = row.title;
    body.status = row.status;
    body.detail = problem.detail;
    body.code = problem.code;
    body.request_id = request_id;
    body.retriable = row.retry == Retry::sensible;
    body.retry_after_ms = problem.retry_after_ms;
    body.limit = problem.limit;
    if (!problem.errors.empty()) body.errors = problem.errors;
    body.hint = problem.hint;
    return body;
}

Problem invalid(std::string_view what, reflect::FieldErrors errors) {
    auto detail = fmt::format("the {} is not valid: {}", what, reflect::describe(errors));
    Problem problem{.code = ErrorCode::INVALID_PARAMS, .detail = std::move(detail), .errors = std::move(errors)};
    const auto limited = std::ranges::find_if(problem.errors, [](const auto& error) { return !error.limit.empty(); });
    if (limited != problem.errors.end()) {
        problem.limit = limited->limit;
        problem.hint = hint_of_bound(limited->limit);
    }
    return problem;
}

std::optional<std::string> hint_of_bound(std::string_view limit) {
    if (limit == "json_depth_max") return "nest arrays and objects less deeply";
    if (limit == "members_max" || limit == "elements_max") return "send less at once";
    if (limit == "control_text_max") return "shorten the string";
    if (limit == "faults_max") return "mend these, then send it again for the rest";
    if (limit == "max_tokens") return "ask for less: an answer ends at the model's context anyway";
    return std::nullopt;
}

Problem answer_too_large() {
    return {.code = ErrorCode::LIMIT_EXCEEDED,
            .detail = fmt::format("the answer is larger than {}", describe(whole_answer_max)),
            .hint = "ask for less at once, or for a stream",
            .limit = "whole_answer_max"};
}

std::string openai_error_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        default:
            return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

OpenAiErrorBody openai_error_body(const Problem& problem, const std::string& request_id) {
    const auto& row = row_of(problem.code);
    OpenAiError error;
    error.message = problem.detail;
    if (problem.hint) error.message += " (" + *problem.hint + ")";
    error.type = openai_error_type(row.status);
    if (!problem.errors.empty() && problem.errors.front().pointer.size() > 1) {
        error.param = problem.errors.front().pointer.substr(1);
    }
    error.code = openai_code(problem.code);
    error.retriable = row.retry == Retry::sensible;
    error.retry_after_ms = problem.retry_after_ms;
    error.limit = problem.limit;
    error.hint = problem.hint;
    error.request_id = request_id;
    return {std::move(error)};
}

}  // namespace rbees::contracts
