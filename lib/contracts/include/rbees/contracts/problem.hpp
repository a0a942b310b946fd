#pragma once
/// @file
/// How an error looks: `application/problem+json` (RFC 9457) on our own routes, OpenAI's shape under /v1.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/contracts/error_codes.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::contracts {

/// An error on its way to a client. `detail` says what happened to what; `hint` what the reader can do.
struct Problem {
    ErrorCode code = ErrorCode::INTERNAL;
    std::string detail;
    std::optional<std::string> hint;
    std::optional<std::string> limit;  ///< the name of the bound that was hit
    std::optional<std::int64_t> retry_after_ms;
    std::vector<reflect::FieldError> errors;

    [[nodiscard]] int status() const { return row_of(code).status; }
};

/// The wire form of a Problem.
struct ProblemBody {
    std::string type;  ///< "about:blank"
    std::string title;
    std::int32_t status = 500;
    std::string detail;
    ErrorCode code = ErrorCode::INTERNAL;
    std::string request_id;
    bool retriable = false;
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::string> limit;
    std::optional<std::vector<reflect::FieldError>> errors;
    std::optional<std::string> hint;
};
BOOST_DESCRIBE_STRUCT(ProblemBody, (),
                      (type, title, status, detail, code, request_id, retriable, retry_after_ms, limit, errors, hint))

[[nodiscard]] ProblemBody problem_body(const Problem& problem, const std::string& request_id);

/// 400: an answer that is not a stream is over `whole_answer_max`. To ask again would not help.
[[nodiscard]] Problem answer_too_large();

/// OpenAI's error object: `{"error": {message, type, param, code}}`; what our own errors say besides rides along.
struct OpenAiError {
    std::string message;
    std::string type;  ///< "invalid_request_error", "authentication_error", "not_found_error", "server_error", ...
    std::optional<std::string> param;
    std::string code;  ///< OpenAI's own word where it has one ("model_not_found"), else ours
    bool retriable = false;
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::string> limit;
    std::optional<std::string> hint;
    std::string request_id;
};
BOOST_DESCRIBE_STRUCT(OpenAiError, (), (message, type, param, code, retriable, retry_after_ms, limit, hint, request_id))

struct OpenAiErrorBody {
    OpenAiError error;
};
BOOST_DESCRIBE_STRUCT(OpenAiErrorBody, (), (error))

/// OpenAI's word for the kind of an error, which its clients turn into exception classes by status.
[[nodiscard]] std::string openai_error_type(int status);

[[nodiscard]] OpenAiErrorBody openai_error_body(const Problem& problem, const std::string& request_id);

}  // namespace rbees::contracts
