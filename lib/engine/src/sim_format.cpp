#include "sim_format.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "sim_text.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

json::object usage_object(const Usage& usage) {
    return {{"prompt_tokens", usage.prompt.value},
            {"completion_tokens", usage.output.value},
            {"total_tokens", usage.prompt.value + usage.output.value},
            {"prompt_tokens_details", json::object{{"cached_tokens", usage.cached.value}}}};
}

json::object message_of(const Script& script, const std::string& call_id, std::string_view text) {
    if (script.tool.empty()) return {{"role", "assistant"}, {"content", text}};
    const json::object function{{"name", script.tool}, {"arguments", text}};
    const json::object call{{"id", call_id}, {"type", "function"}, {"function", function}};
    return {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", json::array{json::value(call)}}};
}

/// The piece of a tool call that the token at `place` makes; the first one names the call.
json::array calls_of(const Script& script, const std::string& call_id, std::size_t place, std::string_view text) {
    json::object call{{"index", 0}, {"function", json::object{{"arguments", text}}}};
    if (place == 0) {
        call["id"] = call_id;
        call["type"] = "function";
        call["function"].as_object()["name"] = script.tool;
    }
    return {json::value(call)};
}

}  // namespace

SimulatedFormat::SimulatedFormat(Operation operation, std::string model, std::string_view task, const Script& script)
    : operation_(operation),
      model_(std::move(model)),
      script_(script),
      id_((is_chat() ? "chatcmpl-" : "cmpl-") + (task.empty() ? new_uuid() : std::string(task))),
      created_(std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count()),
      call_id_(fmt::format("call_{:016x}", sim_hash(script.seed, script.prompt))) {}

std::string SimulatedFormat::body(std::string_view text, std::string_view finish, const Usage& usage) const {
    json::object choice{{"index", 0}, {"logprobs", nullptr}, {"finish_reason", finish}};
    if (is_chat()) {
        choice["message"] = message_of(script_, call_id_, text);
    } else {
        choice["text"] = text;
    }
    return json::serialize(json::object{{"id", id_},
                                        {"object", is_chat() ? "chat.completion" : "text_completion"},
                                        {"created", created_},
                                        {"model", model_},
                                        {"choices", json::array{json::value(choice)}},
                                        {"usage", usage_object(usage)}});
}

std::string SimulatedFormat::message(std::string_view text) const {
    return json::serialize(message_of(script_, call_id_, text));
}

std::string SimulatedFormat::tool_delta(std::size_t place, std::string_view text) const {
    return json::serialize(json::object{{"tool_calls", calls_of(script_, call_id_, place, text)}});
}

std::string SimulatedFormat::frame(std::string_view choices, std::string_view usage) const {
    return sse_data(fmt::format(R"({{"id":"{}","object":"{}","created":{},"model":{},"choices":{}{}}})", id_,
                                is_chat() ? "chat.completion.chunk" : "text_completion", created_,
                                json::serialize(json::string(model_)), choices, usage));
}

std::string SimulatedFormat::token_frame(std::size_t place, std::string_view text) const {
    json::object choice{{"index", 0}, {"finish_reason", nullptr}};
    if (!is_chat()) {
        choice["text"] = text;
        choice["logprobs"] = nullptr;
    } else {
        json::object delta;
        if (place == 0) delta["role"] = "assistant";
        if (script_.tool.empty()) {
            delta["content"] = text;
        } else {
            delta["tool_calls"] = calls_of(script_, call_id_, place, text);
        }
        choice["delta"] = std::move(delta);
    }
    return frame(json::serialize(json::array{json::value(choice)}), "");
}

std::string SimulatedFormat::finish_frame(std::string_view finish) const {
    json::object choice{{"index", 0}, {"finish_reason", finish}};
    if (is_chat()) {
        choice["delta"] = json::object{};
    } else {
        choice["text"] = "";
        choice["logprobs"] = nullptr;
    }
    return frame(json::serialize(json::array{json::value(choice)}), "");
}

std::string SimulatedFormat::usage_frame(const Usage& usage) const {
    return frame("[]", R"(,"usage":)" + json::serialize(usage_object(usage)));
}

std::string SimulatedFormat::ids_event(std::size_t place, std::int32_t id) {
    return sse_event("rbees.ids", fmt::format(R"({{"i":{},"ids":[{}]}})", place, id));
}

std::string SimulatedFormat::no_ids_event(std::size_t place) {
    return sse_event("rbees.ids", fmt::format(R"({{"i":{},"ids":[]}})", place));
}

}  // namespace rbees::engine
