#pragma once
/// @file
/// Bodies in and out: JSON to a described struct, a described struct or a Problem to an answer.
///
/// Handlers that refuse throw nothing: they answer `problem_answer(...)`, and the router gives it the shape that the
/// route asks for (RFC 9457 or OpenAI's) when it goes out.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/server.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::http_api {

/// A body as `T`. Fails with INVALID_PARAMS and the faults of the body. An empty body counts as `{}`, so that routes
/// whose members are all optional need none. For bodies that steer: no string may be over `control_text_max`.
template <class T>
[[nodiscard]] std::expected<T, contracts::Problem> read_body(const net::Request& request);

/// `bytes` of JSON under that status.
[[nodiscard]] net::Response json_text_answer(int status, std::string bytes);

/// A value as JSON under that status.
template <class T>
[[nodiscard]] net::Response json_answer(int status, const T& value) {
    return json_text_answer(status, reflect::to_json_text(value));
}

/// An answer without a body: 202 or 204.
[[nodiscard]] net::Response empty_answer(int status);

/// `text` as it stands.
[[nodiscard]] net::Response text_answer(int status, std::string_view content_type, std::string text);

/// An error in the shape of `errors`, with `Retry-After` where the problem says when, and `WWW-Authenticate` on 401.
[[nodiscard]] net::Response problem_answer(const contracts::Problem& problem, contracts::ErrorShape errors,
                                           const std::string& request_id);

/// The shape of errors where no route says it: clients of the OpenAI routes expect OpenAI's.
[[nodiscard]] contracts::ErrorShape error_shape_of(std::string_view target);

/// What the server itself answers to bytes that are no request, or too many (400, 408, 413, 431, 503), in the shape of
/// the target.
[[nodiscard]] net::ErrorBody server_error_body();

/// The caller's correlation id if it is `[A-Za-z0-9-]{1,64}`, else a new one.
[[nodiscard]] std::string correlation_id(const net::Request& request);

namespace detail {

/// A faulty body as a problem that lists every fault.
[[nodiscard]] contracts::Problem body_problem(reflect::FieldErrors errors);

}  // namespace detail

template <class T>
std::expected<T, contracts::Problem> read_body(const net::Request& request) {
    const std::string_view bytes = request.body.empty() ? std::string_view("{}") : request.body;
    auto value =
        reflect::from_json_text<T>(bytes, {.text = contracts::control_text_max, .text_name = "control_text_max"});
    if (!value) return std::unexpected(detail::body_problem(std::move(value.error())));
    return std::move(*value);
}

}  // namespace rbees::http_api
