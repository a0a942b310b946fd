#include "rbees/engine/api_error.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "rbees/engine/request.hpp"

namespace rbees::engine {
namespace {

boost::json::value text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return boost::json::string(text);
}

}  // namespace

ApiError invalid_param(std::string param, std::string message) {
    return {.message = std::move(message), .param = std::move(param)};
}

ApiError context_exceeded(Tokens prompt, Tokens context) {
    return {
        .message = fmt::format("The prompt has {} tokens, but this model's context holds {} tokens for one request, "
                               "answer included. Shorten the prompt, or load the model with a larger context.",
                               prompt.value, context.value),
        .param = "messages",
        .code = "context_length_exceeded"};
}

ApiError not_supported(Operation operation, Kind kind) {
    return {.status = 501,
            .message = fmt::format("This is a model for {}; it has no {}.", name_of(kind), name_of(operation)),
            .type = "not_supported_error",
            .code = "not_supported"};
}

ApiError server_error(std::string message) {
    return {.status = 500, .message = std::move(message), .type = "server_error", .code = "engine_failed"};
}

ApiError queue_full() {
    return {.status = 503,
            .message = fmt::format("{} requests wait for a slot already (max_waiting). Try again later.", max_waiting),
            .type = "server_error",
            .code = "queue_full"};
}

ApiError not_continuable(std::string why) {
    return {.status = 409, .message = std::move(why), .type = "conflict_error", .code = "not_continuable"};
}

ApiError cancelled_error() {
    return {.status = 499, .message = "The request was cancelled.", .type = "cancelled", .code = "cancelled"};
}

std::string to_body(const ApiError& error) {
    const boost::json::object inner{{"message", error.message},
                                    {"type", error.type},
                                    {"param", text_or_null(error.param)},
                                    {"code", text_or_null(error.code)}};
    return boost::json::serialize(boost::json::object{{"error", inner}});
}

std::string sse_data(std::string_view data) {
    return fmt::format("data: {}\n\n", data);
}

std::string sse_event(std::string_view name, std::string_view data) {
    return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::chat:
            return "chat";
        case Kind::embedding:
            return "embeddings";
        case Kind::rerank:
            return "reranking";
    }
    return "unknown";
}

std::string_view name_of(Operation operation) {
    switch (operation) {
        case Operation::chat:
            return "chat completions";
        case Operation::completion:
            return "completions";
        case Operation::embedding:
            return "embeddings";
        case Operation::rerank:
            return "reranking";
        case Operation::tokenize:
            return "tokenizer";
        case Operation::detokenize:
            return "detokenizer";
        case Operation::apply_template:
            return "chat template";
    }
    return "unknown";
}

}  // namespace rbees::engine
