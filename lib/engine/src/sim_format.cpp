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
    if (!is_chat()) {
        choice["text"] = text;
    } else if (script_.tool.empty()) {
        choice["message"] = json::object{{"role", "assistant"}, {"content", text}};
    } else {
        const json::object function{{"name", script_.tool}, {"arguments", text}};
        const json::object call{{"id", call_id_}, {"type", "function"}, {"function", function}};
        choice["message"] =
            json::object{{"role", "assistant"}, {"content", nullptr}, {"tool_calls", json::array{json::value(call)}}};
    }
    return json::serialize(json::object{{"id", id_},
                                        {"object", is_chat() ? "chat.completion" : "text_completion"},
                                        {"created", created_},
                                        {"model", model_},
                                        {"choices", json::array{json::value(choice)}},
                                        {"usage", usage_object(usage)}});
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
            json::object call{{"index", 0}, {"function", json::object{{"arguments", text}}}};
            if (place == 0) {
                call["id"] = call_id_;
                call["type"] = "function";
                call["function"].as_object()["name"] = script_.tool;
            }
            delta["tool_calls"] = json::array{json::value(call)};
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

std::string SimulatedFormat::start_event(std::string_view model_hash) const {
    const json::object start{{"prompt_ids", json::value_from(script_.prompt)},
                             {"seed", script_.seed},
                             {"model_hash", model_hash},
                             {"sampling", json::object{}},
                             {"continuable", true}};
    return sse_event("rbees.start", json::serialize(start));
}

std::string SimulatedFormat::ids_event(std::size_t place, std::int32_t id) {
    return sse_event("rbees.ids", fmt::format(R"({{"i":{},"ids":[{}]}})", place, id));
}

std::string SimulatedFormat::no_ids_event(std::size_t place) {
    return sse_event("rbees.ids", fmt::format(R"({{"i":{},"ids":[]}})", place));
}

}  // namespace rbees::engine
