#include "llama_core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rbees::engine {
namespace {

constexpr std::chrono::seconds patience_of_watch{10};

}  // namespace

LlamaCore::~LlamaCore() {
    stop();
}

void LlamaCore::run() {
    loop_ = std::thread([this] { run_until_stopped([this] { context.start_loop(); }, stopped_, log_); });
    // A `terminate` that came before the loop had begun would be forgotten; so wait until it answers.
    auto reader = context.get_response_reader();
    server_task task(SERVER_TASK_TYPE_METRICS);
    task.id = reader.get_new_id();
    reader.post_task(std::move(task));
    (void)reader.next([] { return false; });
    const auto answers = [this] {
        Counters unused;
        return stopped() || ask_loop(unused, patience_of_watch);
    };
    watch_.emplace(answers, LoopWatch::Patience{}, log_);
}

Load LlamaCore::load() const {
    const auto open = this->open();
    const auto busy = std::min(open, capabilities.slots);
    return {.slots_busy = busy, .queued = open - busy};
}

Counters LlamaCore::counters() {
    const auto known = load();
    Counters slots{.slots_busy = known.slots_busy, .queued = known.queued};
    if (!stopped()) (void)ask_loop(slots, Duration::zero());
    auto counters = meter.read();
    counters.slots_busy = slots.slots_busy;
    counters.queued = slots.queued;
    return counters;
}

/// llama.cpp's reader waits for a second at least.
bool LlamaCore::ask_loop(Counters& slots, Duration patience) {
    auto reader = context.get_response_reader();
    server_task task(SERVER_TASK_TYPE_METRICS);
    task.id = reader.get_new_id();
    constexpr bool before_all_others = true;
    reader.post_task(std::move(task), before_all_others);
    const auto deadline = BootClock::now() + patience;
    const auto result = reader.next([&] { return stopped() || BootClock::now() >= deadline; });
    const auto* answer = dynamic_cast<const server_task_result_metrics*>(result.get());
    if (answer == nullptr) return false;
    slots.slots_busy = static_cast<std::uint32_t>(answer->n_processing_slots);
    slots.queued = static_cast<std::uint32_t>(answer->n_tasks_deferred);
    const auto& metrics = answer->metrics;
    meter.note_prompts({.processed = Tokens(metrics.prompt.count),
                        .cached = Tokens(metrics.n_prompt_cached),
                        .seconds = static_cast<double>(metrics.prompt.time) / 1e6});
    return true;
}

const PieceTable& LlamaCore::pieces() const {
    std::call_once(pieces_read_, [this] {
        const auto count = static_cast<std::size_t>(llama_vocab_n_tokens(vocab));
        pieces_ = std::make_unique<PieceTable>(
            count, [this](TokenId32 id) { return common_token_to_piece(vocab, id, false); });
    });
    return *pieces_;
}

void LlamaCore::stop() {
    if (stopped_.exchange(true)) return;
    watch_.reset();
    context.terminate();
    if (loop_.joinable()) loop_.join();
}

}  // namespace rbees::engine
