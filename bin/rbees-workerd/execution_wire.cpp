#include "execution_wire.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "rbees/reflect/json.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::workerd {
namespace {

using contracts::ErrorCode;

struct CodeOfStatus {
    int status;
    ErrorCode code;
    bool is_final;
};

/// What an engine's status means for an attempt; any other is the engine's own failure.
constexpr std::array codes{
    CodeOfStatus{400, ErrorCode::INVALID_PARAMS, true}, CodeOfStatus{409, ErrorCode::WORKER_UNAVAILABLE, true},
    CodeOfStatus{499, ErrorCode::CANCELLED, false}, CodeOfStatus{501, ErrorCode::MODEL_INCOMPATIBLE, true},
    CodeOfStatus{503, ErrorCode::WORKER_UNAVAILABLE, false}};

std::string json_string(std::string_view text) {
    return reflect::to_text(reflect::json::string(text));
}

}  // namespace

pool::ExecutionEvent wire_event(const engine::Started& started, std::string_view model_hash, std::uint64_t first) {
    return {.name = "start",
            .data = fmt::format(R"({{"prompt_ids":[{}],"seed":{},"model_hash":{},"sampling":{},"continuable":{}}})",
                                fmt::join(started.prompt, ","), started.seed, json_string(model_hash), started.sampling,
                                started.continuable == engine::Continuable::yes),
            .first = first};
}

pool::ExecutionEvent wire_event(const engine::Said& said) {
    const auto delta = said.delta.empty() ? std::string{} : R"(,"delta":)" + said.delta;
    return {.name = "token",
            .data = fmt::format(R"({{"i":{},"ids":[{}],"t":{}{}}})", said.first, fmt::join(said.ids, ","),
                                json_string(said.text), delta),
            .first = said.first,
            .count = said.ids.size()};
}

pool::ExecutionEvent wire_event(const engine::Ended& ended) {
    const contracts::Usage usage{ended.prompt, ended.output, ended.prompt + ended.output};
    const auto message = ended.message.empty() ? std::string{} : R"(,"message":)" + ended.message;
    return {.name = "end",
            .data = fmt::format(R"({{"stop_reason":{},"usage":{}{}}})", json_string(ended.stop_reason),
                                reflect::to_json_text(usage), message)};
}

pool::ExecutionEvent wire_event(const contracts::ExecutionError& error) {
    return {.name = "error", .data = reflect::to_json_text(error)};
}

contracts::ExecutionError execution_error(const engine::ApiError& error) {
    contracts::ExecutionError shown{.code = ErrorCode::INTERNAL, .message = error.message, .is_final = false};
    for (const auto& row : codes) {
        if (row.status != error.status) continue;
        shown.code = row.code;
        shown.is_final = row.is_final;
    }
    if (error.code == "context_length_exceeded") shown.code = ErrorCode::CONTEXT_TOO_LONG;
    return shown;
}

contracts::Problem order_refusal(const engine::ApiError& error) {
    contracts::Problem problem{.code = execution_error(error).code, .detail = error.message};
    if (!error.param.empty()) problem.errors.push_back({"/request/" + error.param, error.message});
    return problem;
}

std::string sse_text(const std::vector<pool::ExecutionEvent>& events) {
    std::string text;
    for (const auto& event : events)
        text += fmt::format("event: {}\ndata: {}\n\n", event.name, event.data);
    return text;
}

}  // namespace rbees::workerd
