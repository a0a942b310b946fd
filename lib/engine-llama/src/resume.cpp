#include "resume.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "prepare.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/utf8.hpp"
#include "sampler_replay.hpp"

namespace rbees::engine {
namespace {

/// What the parser sees: special tokens only where the chat format needs them.
std::string visible_text(const LlamaCore& core, const server_task& task, const llama_tokens& tokens) {
    const auto& shown = task.params.sampling.preserved_tokens;
    std::string text;
    for (const auto token : tokens)
        text += common_token_to_piece(core.vocab, token, shown.contains(token));
    return text;
}

/// What the grammar saw: everything.
std::string whole_text(const LlamaCore& core, const llama_tokens& tokens) {
    std::string text;
    for (const auto token : tokens)
        text += common_token_to_piece(core.vocab, token, true);
    return text;
}

/// Where the first stop string begins.
std::size_t find_stop(std::string_view text, const std::vector<std::string>& stops) {
    auto first = std::string_view::npos;
    for (const auto& stop : stops)
        first = std::min(first, text.find(stop));
    return first;
}

/// Another row of random numbers: the first ones were used up.
std::uint32_t seed_after(std::uint32_t seed, std::size_t known) {
    if (known == 0) return seed;
    const auto digest = sha256(std::to_string(seed) + "/" + std::to_string(known));
    std::uint32_t mixed = 0;
    for (std::size_t i = 0; i < sizeof mixed; ++i)
        mixed = mixed << 8U | digest.at(i);
    return mixed & 0x7fffffffU;  // all ones would mean "choose one"
}

/// Whether llama.cpp's loop will be able to feed the text to the grammar, tried here where a failure harms nobody.
bool takes_replay(const LlamaCore& core, const common_params_sampling& sampling) {
    const auto& text = sampling.generation_prompt;
    if (text.empty()) return true;
    const auto tokens = tokens_fed(core, text);
    if (whole_text(core, tokens) != text) return false;
    const auto& grammar = common_grammar_value(sampling.grammar);
    const SamplerPtr sampler(llama_sampler_init_grammar(core.vocab, grammar.c_str(), "root"));
    if (!sampler) return false;
    try {
        for (const auto token : tokens)
            llama_sampler_accept(sampler.get(), token);
    } catch (const std::exception&) {
        return false;
    }
    return true;
}

bool is_own(const common_grammar& grammar) {
    return !common_grammar_needs_prefill(grammar) || common_grammar_value(grammar).starts_with("%llguidance");
}

/// Whether a grammar waits for its trigger.
bool is_lazy(const common_params_sampling& sampling) {
    return sampling.grammar_lazy && !sampling.grammar.empty() && !is_own(sampling.grammar);
}

LazyReplay lazy_replay(const LlamaCore& core, const llama_tokens& known, const common_params_sampling& sampling) {
    LazyReplay replay(core, sampling);
    for (const auto token : known)
        replay.accept(token);
    return replay;
}

/// Lets the sampler think on where it was. It is fed with text, whose tokens may be others than those that the model
/// chose; so a text that only the thoughts are fed with leaves out those that ended.
bool think_on(const LlamaCore& core, const llama_tokens& known, common_params_sampling& sampling) {
    const auto original = sampling;
    ThinkingReplay was(core, original);
    for (const auto token : known)
        was.accept(token);
    auto& text = sampling.generation_prompt;
    text += whole_text(core, known);
    const bool is_for_grammar = !sampling.grammar.empty() && !sampling.grammar_lazy;
    if (!is_for_grammar && !was.is_thinking()) text.erase(0, text.size() - std::min(text.size(), was.bytes_since()));
    sampling.reasoning_budget_tokens = was.budget_for(text);
    return was.place() == ThinkingReplay(core, sampling).place();
}

ApiError lost_grammar() {
    return not_continuable("The grammar does not take the text again that it allowed.");
}

/// From its trigger on a lazy grammar binds like any other one, and what came before is nothing to it.
std::expected<void, ApiError> resume_called(const LlamaCore& core, const LazyReplay& replay,
                                            common_params_sampling& sampling) {
    if (replay.is_broken())
        return std::unexpected(not_continuable("The model began to think again while it called a tool."));
    sampling.grammar_lazy = false;
    sampling.generation_prompt = replay.text();
    if (!takes_replay(core, sampling)) return std::unexpected(lost_grammar());
    return {};
}

/// Lets the sampler begin where it was.
std::expected<void, ApiError> resume_sampling(const LlamaCore& core, const llama_tokens& known,
                                              common_params_sampling& sampling) {
    if (known.empty()) return {};
    if (!sampling.grammar.empty() && is_own(sampling.grammar))
        return std::unexpected(not_continuable("An answer that keeps to an own grammar cannot be continued."));
    if (is_lazy(sampling)) {
        const auto replay = lazy_replay(core, known, sampling);
        if (replay.applies()) return resume_called(core, replay, sampling);
        if (!replay.text().empty()) sampling.grammar_triggers = triggers_inside(std::move(sampling.grammar_triggers));
    }
    const bool thinks = think_on(core, known, sampling);
    const bool is_bound = !sampling.grammar.empty() && !sampling.grammar_lazy;
    if (is_bound && !takes_replay(core, sampling)) return std::unexpected(lost_grammar());
    if (!thinks) return std::unexpected(not_continuable("It cannot be told how far the model's thinking was."));
    return {};
}

common_chat_msg message_of(const server_task& task, const std::string& text) {
    constexpr bool is_partial = true;
    if (task.params.res_type != TASK_RESPONSE_TYPE_OAI_CHAT) return {};
    return common_chat_parse(text, is_partial, task.params.chat_parser_params);
}

/// Cuts the beginning of a trigger, which is generated again, so that the new search sees all of it. Where the client
/// has some of its text there is no way: that text would come again.
std::expected<void, ApiError> cut_open_trigger(const LlamaCore& core, const server_task& task, llama_tokens& known,
                                               Resumed& resumed) {
    if (!is_lazy(task.params.sampling)) return {};
    const auto replay = lazy_replay(core, known, task.params.sampling);
    if (replay.applies() || replay.whole() == known.size()) return {};
    known.resize(replay.whole());
    resumed.known = known.size();
    resumed.text = visible_text(core, task, known);
    if (message_of(task, resumed.text) == resumed.message) return {};
    return std::unexpected(not_continuable("It broke off inside of what may become a tool call."));
}

/// Cuts what is not text and finds out whether the answer was complete.
void settle_end(const LlamaCore& core, const Continuation& from, const server_task& task, llama_tokens& known,
                Resumed& resumed) {
    if (!known.empty() && llama_vocab_is_eog(core.vocab, known.back())) {
        resumed.known = known.size();
        resumed.ended = STOP_TYPE_EOS;
        known.pop_back();
        resumed.text = visible_text(core, task, known);
        return;
    }
    resumed.text = visible_text(core, task, known);
    while (!known.empty() && complete_utf8_prefix(resumed.text) < resumed.text.size()) {
        known.pop_back();
        resumed.text = visible_text(core, task, known);
    }
    resumed.known = known.size();
    const auto stop = find_stop(resumed.text, task.params.antiprompt);
    if (stop != std::string_view::npos) {
        resumed.text.resize(stop);
        resumed.ended = STOP_TYPE_WORD;
    }
    const bool is_full = resumed.prompt + resumed.known >= core.capabilities.context.value;
    if (resumed.ended || (from.left != Tokens(0) && !is_full)) return;
    resumed.ended = STOP_TYPE_LIMIT;
    resumed.known = from.generated.size();
}

}  // namespace

std::expected<Resumed, ApiError> resume(const LlamaCore& core, const Continuation& from, server_task& task) {
    auto tokens = task.tokens.get_text_tokens();
    auto known = from.generated;
    if (const auto valid = check_vocabulary(core, known, "generated_ids"); !valid)
        return std::unexpected(valid.error());
    Resumed resumed{.prompt = tokens.size(), .text = {}, .message = {}, .ended = {}};
    settle_end(core, from, task, known, resumed);
    resumed.message = message_of(task, resumed.text);
    if (resumed.ended) return resumed;
    if (auto cut = cut_open_trigger(core, task, known, resumed); !cut) return std::unexpected(std::move(cut.error()));
    if (auto sampling = resume_sampling(core, known, task.params.sampling); !sampling)
        return std::unexpected(std::move(sampling.error()));
    task.params.sampling.seed = seed_after(from.seed, known.size());
    if (task.params.n_predict >= 0) task.params.n_predict += static_cast<int>(from.generated.size() - known.size());
    tokens.insert(tokens.end(), known.begin(), known.end());
    task.tokens = server_tokens(tokens, false);
    return resumed;
}

server_task_result_ptr end_of(const server_task& task, const Resumed& resumed, ToolCallIds ids) {
    const auto& params = task.params;
    auto result = std::make_unique<server_task_result_cmpl_final>();
    result->id = task.id;
    result->stream = true;
    result->include_usage = false;
    result->truncated = false;
    result->n_decoded = 0;
    result->n_prompt_tokens = task.n_tokens();
    result->n_prompt_tokens_cache = 0;
    result->n_tokens_cached = 0;
    result->has_new_line = false;
    result->stop = *resumed.ended;
    result->post_sampling_probs = params.post_sampling_probs;
    result->res_type = params.res_type;
    result->oaicompat_model = params.oaicompat_model;
    result->oaicompat_cmpl_id = params.oaicompat_cmpl_id;
    result->generation_params = params;
    auto state = task.create_state();
    state.generated_text = resumed.text;
    ids.settle(state, resumed.message);
    result->update(state);
    ids.settle(state, *result);
    return result;
}

}  // namespace rbees::engine
