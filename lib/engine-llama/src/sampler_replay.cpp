#include "sampler_replay.hpp"

#include <reasoning-budget.h>

#include <cctype>
#include <limits>

namespace rbees::engine {
namespace {

/// By the same condition as llama.cpp.
SamplerPtr make_budget(const LlamaCore& core, const common_params_sampling& sampling) {
    const bool is_wanted = sampling.grammar_lazy || sampling.reasoning_budget_tokens >= 0 || sampling.reasoning_control;
    if (sampling.reasoning_budget_start.empty() || sampling.reasoning_budget_end.empty() || !is_wanted) return nullptr;
    const bool is_limited = sampling.reasoning_budget_tokens >= 0;
    return SamplerPtr(common_reasoning_budget_init(
        core.vocab, {sampling.reasoning_budget_start}, sampling.reasoning_budget_end, sampling.reasoning_budget_forced,
        is_limited ? sampling.reasoning_budget_tokens : std::numeric_limits<int>::max()));
}

}  // namespace

llama_tokens tokens_fed(const LlamaCore& core, const std::string& text) {
    auto tokens = common_tokenize(core.vocab, text, false, true);
    if (tokens.empty()) return tokens;
    const auto first = common_token_to_piece(core.vocab, tokens.front(), true);
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    if (!first.empty() && is_space(first.front()) && !is_space(text.front())) tokens.erase(tokens.begin());
    return tokens;
}

ThinkingReplay::ThinkingReplay(const LlamaCore& core, const common_params_sampling& sampling)
    : core_(core), sampling_(sampling), budget_(make_budget(core, sampling)) {
    for (const auto token : tokens_fed(core, sampling.generation_prompt))
        accept(token);
}

int ThinkingReplay::state() const {
    return common_reasoning_budget_get_state(budget_.get());
}

void ThinkingReplay::accept(llama_token token) {
    if (!budget_) return;
    const bool thought = is_thinking();
    const bool was_forcing = state() == REASONING_BUDGET_FORCING;
    llama_sampler_accept(budget_.get(), token);
    bytes_ += common_token_to_piece(core_.vocab, token, true).size();
    if (was_forcing) {
        ++forced_;
    } else {
        counted_ = thought ? counted_ + 1 : 0;
        forced_ = 0;
        counted_to_ = bytes_;
    }
    if (thought && !is_thinking()) ended_at_ = bytes_;
}

bool ThinkingReplay::is_thinking() const {
    return state() != REASONING_BUDGET_IDLE && state() != REASONING_BUDGET_DONE;
}

const llama_tokens* ThinkingReplay::end() const {
    return state() == REASONING_BUDGET_DONE ? common_reasoning_budget_get_end_match(budget_.get()) : nullptr;
}

ThinkingReplay::Place ThinkingReplay::place() const {
    if (!is_thinking()) return {};
    const bool is_counting = state() == REASONING_BUDGET_COUNTING && sampling_.reasoning_budget_tokens >= 0;
    return {
        .state = state(), .left = is_counting ? sampling_.reasoning_budget_tokens - counted_ : 0, .forced = forced_};
}

int ThinkingReplay::budget_for(const std::string& text) const {
    const auto budget = sampling_.reasoning_budget_tokens;
    if (budget < 0 || !is_thinking()) return budget;
    auto unlimited = sampling_;
    unlimited.reasoning_budget_tokens = std::numeric_limits<int>::max();
    unlimited.generation_prompt.clear();
    ThinkingReplay fed(core_, unlimited);
    const auto counted_text = text.size() - (bytes_ - counted_to_);
    for (const auto token : tokens_fed(core_, text)) {
        if (fed.bytes_ < counted_text) fed.accept(token);
    }
    return fed.counted_ + (budget - counted_);
}

LazyReplay::LazyReplay(const LlamaCore& core, const common_params_sampling& sampling)
    : core_(core), thinking_(core, sampling), search_(sampling.grammar_triggers) {}

void LazyReplay::accept(llama_token token) {
    const bool sees = !thinking_.is_thinking();
    thinking_.accept(token);
    if (const auto* end = thinking_.end(); end != nullptr && !sees) {
        for (const auto each : *end)
            see(each);
    }
    if (sees) see(token);
    is_broken_ = is_broken_ || (applies_ && thinking_.is_thinking());
    ++accepted_;
    if (search_.open() == 0) whole_ = accepted_;
}

void LazyReplay::see(llama_token token) {
    const auto piece = common_token_to_piece(core_.vocab, token, true);
    if (applies_) {
        taken_ += piece;
    } else if (search_.is_token(token)) {
        applies_ = true;
        taken_ = piece;
    } else if (const auto start = search_.take(piece)) {
        applies_ = true;
        taken_ = search_.text().substr(*start);
    }
}

}  // namespace rbees::engine
