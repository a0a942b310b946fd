#include "llama_core.hpp"

#include "loop_guard.hpp"

namespace rbees::engine {

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
    context.terminate();
    if (loop_.joinable()) loop_.join();
}

}  // namespace rbees::engine
