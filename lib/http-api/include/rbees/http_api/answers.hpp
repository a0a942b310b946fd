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

#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/server.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::http_api {

/// A body as `T`. Fails with INVALID_PARAMS and every fault of the body. An empty body counts as `{}`, so that routes
/// whose members are all optional need none.
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

/// What the server itself answers to bytes that are no request (400, 408, 413, 431, 503), as problem+json.
[[nodiscard]] net::ErrorBody server_error_body();

/// The caller's correlation id if it is `[A-Za-z0-9-]{1,64}`, else a new one.
[[nodiscard]] std::string correlation_id(const net::Request& request);

namespace detail {

/// A faulty body as a problem that lists every fault.
[[nodiscard]] contracts::Problem body_problem(reflect::FieldErrors errors);

}  // namespace detail

template <class T>
std::expected<T, contracts::Problem> read_body(const net::Request& request) {
    auto value = reflect::from_json_text<T>(request.body.empty() ? std::string_view("{}") : request.body);
    if (!value) return std::unexpected(detail::body_problem(std::move(value.error())));
    return std::move(*value);
}

}  // namespace rbees::http_api
