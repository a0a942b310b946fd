#include "generation_frames.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <utility>

#include "rbees/base/time.hpp"

namespace rbees::engine {
namespace {

Tokens tokens(int count) {
    return Tokens(static_cast<std::uint64_t>(std::max(0, count)));
}

std::int64_t seconds_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count();
}

}  // namespace

std::optional<Progress> progress_of(const server_task_result& result) {
    const auto progress = [](std::size_t choice, int decoded, const server_slot_stats& stats) {
        return Progress{choice, {.tokens = tokens(decoded), .time = std::chrono::microseconds(stats.t_gen_us())}};
    };
    if (const auto* partial = dynamic_cast<const server_task_result_cmpl_partial*>(&result)) {
        if (partial->is_begin || partial->is_progress) return std::nullopt;
        return progress(partial->index, partial->n_decoded, partial->stats);
    }
    if (const auto* final = dynamic_cast<const server_task_result_cmpl_final*>(&result)) {
        return progress(final->index, final->n_decoded, final->stats);
    }
    return std::nullopt;
}

Generated ProgressCounter::add(const Progress& progress) {
    auto& known = known_[progress.choice];
    const auto before = std::exchange(known, progress.generated);
    return {.tokens = Tokens(known.tokens.value - before.tokens.value), .time = known.time - before.time};
}

StreamIds stream_ids(const LlamaCore& core, const Prepared& prepared) {
    return {[&core]() -> const PieceTable& { return core.pieces(); },
            [&core, shown = prepared.tasks.front().params.sampling.preserved_tokens](TokenId32 id) {
                return common_token_to_piece(core.vocab, id, shown.contains(id));
            },
            prepared.resumed ? prepared.resumed->known : 0};
}

std::optional<TriggerWatch> trigger_watch(const Prepared& prepared) {
    const auto& sampling = prepared.tasks.front().params.sampling;
    if (!sampling.grammar_lazy) return std::nullopt;
    return TriggerWatch(sampling.grammar_triggers);
}

GenerationFrames::GenerationFrames(const LlamaCore& core, const Prepared& prepared, const Call& call)
    : core_(core),
      operation_(call.operation),
      choices_(prepared.request.choices),
      expected_(prepared.tasks.size() * prepared.request.choices),
      include_usage_(prepared.request.include_usage),
      include_timings_(prepared.timings == ChunkTimings::included),
      id_(prepared.tasks.front().params.oaicompat_cmpl_id) {
    if (prepared.resumed) {
        resumed_from_ = Tokens(prepared.resumed->prompt);
        output_ = Tokens(prepared.resumed->known);
        if (!call.from->generated.empty()) greeted_.insert(0);
    }
    if (!prepared.started || expected_ != 1) return;
    ids_ = stream_ids(core, prepared);
    watch_ = trigger_watch(prepared);
}

std::string GenerationFrames::of(server_task_result& result) {
    if (auto* partial = dynamic_cast<server_task_result_cmpl_partial*>(&result)) return of_partial(*partial);
    if (auto* final = dynamic_cast<server_task_result_cmpl_final*>(&result)) return of_final(*final);
    return {};
}

std::string GenerationFrames::of_partial(server_task_result_cmpl_partial& partial) {
    if (partial.is_begin || partial.is_progress) return {};
    if (!include_timings_) partial.stats = {};
    if (ids_ && !partial.tokens.empty()) {
        ids_->take(partial.tokens.front(), static_cast<std::size_t>(partial.n_decoded), partial.content);
    }
    if (is_held(partial)) return {};
    // llama.cpp writes the role when this is 1, and nowhere else reads it for a chat.
    constexpr int writes_role = 1;
    const bool first = greeted_.insert(partial.index).second;
    partial.n_decoded = first ? writes_role : writes_role + 1;
    const bool chat = operation_ == Operation::chat;
    if (!chat && partial.content.empty() && partial.prob_output.probs.empty()) return {};
    const auto json = partial.to_json();
    if (json.is_null() || (json.is_array() && json.empty())) return {};
    return with_ids(json);
}

/// Gives the frame what others before it held, or holds it.
bool GenerationFrames::is_held(server_task_result_cmpl_partial& partial) {
    auto& diffs = partial.oaicompat_msg_diffs;
    diffs.insert(diffs.begin(), held_.begin(), held_.end());
    held_.clear();
    if (!watch_ || partial.tokens.empty() || !watch_->is_open(partial.tokens.front(), partial.content)) return false;
    held_ = std::move(diffs);
    return true;
}

std::string GenerationFrames::of_final(server_task_result_cmpl_final& final) {
    auto& diffs = final.oaicompat_msg_diffs;
    diffs.insert(diffs.begin(), held_.begin(), held_.end());
    count(final);
    auto json = final.to_json();
    if (operation_ != Operation::chat) json.erase("usage");
    if (ids_) ids_->end();
    return with_ids(json);
}

void GenerationFrames::collect(server_task_result& result) {
    auto* final = dynamic_cast<server_task_result_cmpl_final*>(&result);
    if (final == nullptr) return;
    count(*final);
    if (bodies_.size() <= final->index) bodies_.resize(final->index + 1);
    bodies_[final->index] = final->to_json();
}

std::string GenerationFrames::body() {
    auto& first = bodies_.front();
    for (std::size_t i = 1; i < bodies_.size(); ++i)
        first["choices"].push_back(bodies_[i]["choices"][std::size_t{0}]);
    first["usage"] = usage_json();
    return safe_json_to_str(first);
}

std::string GenerationFrames::usage() const {
    if (!include_usage_) return {};
    const bool chat = operation_ == Operation::chat;
    return format_oai_sse(json{{"choices", json::array()},
                               {"created", seconds_now()},
                               {"id", id_},
                               {"model", core_.capabilities.model},
                               {"object", chat ? "chat.completion.chunk" : "text_completion"},
                               {"usage", usage_json()}});
}

json GenerationFrames::usage_json() const {
    return json{{"completion_tokens", output_.value},
                {"prompt_tokens", prompt_.value},
                {"total_tokens", output_.value + prompt_.value},
                {"prompt_tokens_details", json{{"cached_tokens", cached_.value}}}};
}

/// The choices of one prompt share it; several prompts add up.
void GenerationFrames::count(const server_task_result_cmpl_final& final) {
    ++done_;
    output_ += tokens(final.n_decoded);
    const bool shares_prompt = final.index % choices_ != 0;
    if (shares_prompt) return;
    // For an answer that goes on, llama.cpp counts what was said before as prompt.
    prompt_ += resumed_from_.value_or(tokens(final.n_prompt_tokens));
    cached_ += std::min(tokens(final.n_prompt_tokens_cache), prompt_);
}

/// The chunks of one result, each behind its `rbees.ids`. The ids come with the last chunk, because only then all of
/// their text was shown; before the others the list is empty, which says that none is lost.
std::string GenerationFrames::with_ids(const json& chunks) {
    if (!ids_ || !ids_->complete()) return format_oai_sse(chunks);
    const auto ready = ids_->drain();
    if (!chunks.is_array()) return ids_event(ready) + format_oai_sse(chunks);
    std::string frames;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        const bool last = i + 1 == chunks.size();
        frames += ids_event(last ? ready : StreamIds::Ready{.first = ready.first, .ids = {}});
        frames += format_oai_sse(chunks[i]);
    }
    return frames;
}

std::string GenerationFrames::ids_event(const StreamIds::Ready& ready) {
    return sse_event("rbees.ids", fmt::format(R"({{"i":{},"ids":[{}]}})", ready.first, fmt::join(ready.ids, ",")));
}

}  // namespace rbees::engine
