#include "token_events.hpp"

#include <server-chat.h>

#include <algorithm>
#include <utility>

#include "generation_frames.hpp"

namespace rbees::engine {
namespace {

Tokens tokens(int count) {
    return Tokens(static_cast<std::uint64_t>(std::max(0, count)));
}

std::string stop_reason(const server_task_result_cmpl_final& final) {
    if (final.stop != STOP_TYPE_WORD && final.stop != STOP_TYPE_EOS) return "length";
    return final.oaicompat_msg.tool_calls.empty() ? "stop" : "tool_calls";
}

std::string message(const server_task_result_cmpl_final& final) {
    auto message = final.oaicompat_msg;
    if (message.empty()) message.role = "assistant";
    return safe_json_to_str(message.to_json_oaicompat());
}

}  // namespace

TokenEvents::TokenEvents(const LlamaCore& core, const Prepared& prepared, Operation operation)
    : operation_(operation), ids_(stream_ids(core, prepared)), watch_(trigger_watch(prepared)), delta_(json::object()) {
    if (!prepared.resumed) return;
    known_ = Tokens(prepared.resumed->known);
    prompt_ = Tokens(prepared.resumed->prompt);
}

void TokenEvents::take(server_task_result& result, std::deque<Event>& events) {
    if (auto* partial = dynamic_cast<server_task_result_cmpl_partial*>(&result)) {
        take_partial(*partial, events);
    } else if (auto* final = dynamic_cast<server_task_result_cmpl_final*>(&result)) {
        take_final(*final, events);
    }
}

void TokenEvents::take_partial(server_task_result_cmpl_partial& partial, std::deque<Event>& events) {
    if (partial.is_begin || partial.is_progress) return;
    bool is_open = false;
    if (!partial.tokens.empty()) {
        ids_.take(partial.tokens.front(), static_cast<std::size_t>(partial.n_decoded), partial.content);
        is_open = watch_ && watch_->is_open(partial.tokens.front(), partial.content);
    }
    if (is_chat()) {
        show(partial.oaicompat_msg_diffs);
    } else {
        text_ += partial.content;
    }
    if (!ids_.complete()) {
        events.emplace_back(server_error("The ids of the answer's tokens were lost."));
    } else if (!is_open && (!text_.empty() || !delta_.empty())) {
        say(events);
    }
}

void TokenEvents::take_final(server_task_result_cmpl_final& final, std::deque<Event>& events) {
    if (is_chat()) show(final.oaicompat_msg_diffs);
    ids_.end();
    say(events);
    events.emplace_back(Ended{.stop_reason = stop_reason(final),
                              .prompt = prompt_.value_or(tokens(final.n_prompt_tokens)),
                              .output = known_ + tokens(final.n_decoded),
                              .message = is_chat() ? message(final) : std::string{}});
}

void TokenEvents::show(const std::vector<common_chat_msg_diff>& diffs) {
    for (const auto& diff : diffs) {
        text_ += diff.content_delta;
        const auto delta = server_chat_msg_diff_to_json_oaicompat(diff);
        if (delta.contains("reasoning_content")) {
            const auto before = json_value(delta_, "reasoning_content", std::string());
            delta_["reasoning_content"] = before + diff.reasoning_content_delta;
        }
        if (!delta.contains("tool_calls")) continue;
        if (!delta_.contains("tool_calls")) delta_["tool_calls"] = json::array();
        delta_["tool_calls"].push_back(delta["tool_calls"][0]);
    }
}

void TokenEvents::say(std::deque<Event>& events) {
    auto ready = ids_.drain();
    if (ready.ids.empty()) return;
    events.emplace_back(Said{.first = ready.first,
                             .ids = std::move(ready.ids),
                             .text = std::exchange(text_, {}),
                             .delta = delta_.empty() ? std::string{} : safe_json_to_str(delta_)});
    delta_ = json::object();
}

}  // namespace rbees::engine
