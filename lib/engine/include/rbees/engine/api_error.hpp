#pragma once
/// @file
/// Errors as OpenAI clients read them, and the frames of their streams. Both engines refuse in the same words.

#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/base/units.hpp"

namespace rbees::engine {

enum class Kind : std::uint8_t;
enum class Operation : std::uint8_t;

/// One refusal or failure, before it is JSON.
struct ApiError {
    int status = 400;  ///< HTTP status
    std::string message;
    std::string type = "invalid_request_error";
    std::string param;  ///< the member that is wrong; empty becomes null
    std::string code;   ///< empty becomes null

    bool operator==(const ApiError&) const = default;
};

/// 400 for a member of the body that is missing or wrong.
[[nodiscard]] ApiError invalid_param(std::string param, std::string message);

/// 400 `context_length_exceeded`, with both numbers in the message.
[[nodiscard]] ApiError context_exceeded(Tokens prompt, Tokens context);

/// 501 for an operation that this kind of model does not have.
[[nodiscard]] ApiError not_supported(Operation operation, Kind kind);

/// 500 for what is not the client's fault.
[[nodiscard]] ApiError server_error(std::string message);

/// 503: `max_waiting` requests wait for a slot already.
[[nodiscard]] ApiError queue_full();

/// 409: another engine has to begin anew, or nobody can go on with this answer. `why` is a sentence.
[[nodiscard]] ApiError not_continuable(std::string why);

/// 499: the request was cancelled before its status was known.
[[nodiscard]] ApiError cancelled_error();

/// `{"error": {"message", "type", "param", "code"}}`
[[nodiscard]] std::string to_body(const ApiError& error);

/// `data: <data>` as one SSE event, the data on one line.
[[nodiscard]] std::string sse_data(std::string_view data);

/// An SSE event with a name.
[[nodiscard]] std::string sse_event(std::string_view name, std::string_view data);

/// The last frame of a stream that is whole.
inline constexpr std::string_view sse_done = "data: [DONE]\n\n";

[[nodiscard]] std::string_view name_of(Kind kind);
[[nodiscard]] std::string_view name_of(Operation operation);

}  // namespace rbees::engine
