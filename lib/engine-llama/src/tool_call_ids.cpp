#include "tool_call_ids.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <utility>
#include <vector>

namespace rbees::engine {
namespace {

/// Letters and digits only: some templates refuse anything else. One of 62 for each byte, a little uneven.
std::string letters(const Sha256Digest& digest, std::size_t count) {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += alphabet[digest.at(i) % alphabet.size()];
    return text;
}

/// Exchanges the id of a call wherever a result shows it.
void rename(server_task_result& result, std::size_t index, const std::string& id) {
    const auto rename_diffs = [&](std::vector<common_chat_msg_diff>& diffs) {
        for (auto& diff : diffs) {
            if (diff.tool_call_index == index && !diff.tool_call_delta.id.empty()) diff.tool_call_delta.id = id;
        }
    };
    if (auto* partial = dynamic_cast<server_task_result_cmpl_partial*>(&result)) {
        rename_diffs(partial->oaicompat_msg_diffs);
    } else if (auto* final = dynamic_cast<server_task_result_cmpl_final*>(&result)) {
        rename_diffs(final->oaicompat_msg_diffs);
        if (index < final->oaicompat_msg.tool_calls.size()) final->oaicompat_msg.tool_calls[index].id = id;
    }
}

}  // namespace

ToolCallIds::ToolCallIds(std::uint32_t seed, const llama_tokens& prompt)
    : key_(sha256(fmt::format("{}/{}", seed, fmt::join(prompt, ",")))) {}

std::string ToolCallIds::id(std::size_t choice, std::size_t index) const {
    return "call_" + letters(sha256(fmt::format("{}/{}/{}", to_hex(key_), choice, index)), 22);
}

void ToolCallIds::settle(task_result_state& state, server_task_result& result) {
    auto& known = state.generated_tool_call_ids;
    auto& settled = settled_[result.index];
    if (settled == known.size()) return;
    const bool is_partial = dynamic_cast<server_task_result_cmpl_partial*>(&result) != nullptr;
    const auto said = common_chat_parse(state.generated_text, is_partial, state.chat_parser_params);
    for (; settled < known.size(); ++settled) {
        const bool has_own = settled < said.tool_calls.size() && !said.tool_calls[settled].id.empty();
        if (has_own) continue;
        known[settled] = id(result.index, settled);
        if (settled < state.chat_msg.tool_calls.size()) state.chat_msg.tool_calls[settled].id = known[settled];
        rename(result, settled, known[settled]);
    }
}

void ToolCallIds::settle(task_result_state& state, common_chat_msg sent) {
    auto& known = state.generated_tool_call_ids;
    for (auto index = known.size(); index < sent.tool_calls.size(); ++index) {
        const auto& own = sent.tool_calls[index].id;
        known.push_back(own.empty() ? id(0, index) : own);
    }
    sent.set_tool_call_ids(known, [] { return std::string(); });
    settled_[0] = known.size();
    state.chat_msg = std::move(sent);
}

}  // namespace rbees::engine
