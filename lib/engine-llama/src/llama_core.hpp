#pragma once
/// @file
/// The loaded model with its loop thread; what all answers share.

#include <server-context.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log_bridge.hpp"
#include "loop_guard.hpp"
#include "meter.hpp"
#include "rbees/base/log.hpp"
#include "rbees/engine/engine.hpp"
#include "stream_ids.hpp"

namespace rbees::engine {

/// Made and filled by `load_llama`; after `run` its plain members are only read. Lives as long as the engine or the
/// last answer. `stop` ends the loop; answers that are still open then end as failed. A loop that ends by itself ends
/// the process (`loop_guard.hpp`).
class LlamaCore {
  public:
    explicit LlamaCore(Logger log) : bridge(log), log_(std::move(log)) {}
    LlamaCore(const LlamaCore&) = delete;
    LlamaCore& operator=(const LlamaCore&) = delete;
    ~LlamaCore();

    /// Starts the loop thread and returns when it runs. Once.
    void run();

    /// Ends the loop after the step that runs. Idempotent; not on the loop's thread.
    void stop();

    [[nodiscard]] bool stopped() const { return stopped_; }

    /// Requests that were posted and have not ended.
    [[nodiscard]] std::uint32_t open() const { return open_; }
    void opened() { ++open_; }
    void closed() { --open_; }

    /// What the engine did so far. Asks the loop; while it does not answer for a second, of prompts what it said last
    /// and of slots what this side knows. Thread-safe.
    [[nodiscard]] Counters counters();

    /// What this side knows of the slots: each open request takes one. Thread-safe; asks nobody.
    [[nodiscard]] Load load() const;

    /// The vocabulary by bytes; read when first asked for. Thread-safe.
    [[nodiscard]] const PieceTable& pieces() const;

    LogBridge bridge;
    server_context context;
    common_params params;
    const llama_model* model = nullptr;
    const llama_vocab* vocab = nullptr;
    const server_chat_params* chat = nullptr;
    std::vector<llama_logit_bias> end_bias;  ///< of tokens that end a generation, for `ignore_eos`
    Capabilities capabilities;
    Meter meter;

  private:
    [[nodiscard]] bool ask_loop(Counters& slots, Duration patience);

    Logger log_;
    mutable std::once_flag pieces_read_;
    mutable std::unique_ptr<PieceTable> pieces_;
    std::thread loop_;
    std::optional<LoopWatch> watch_;
    std::atomic<bool> stopped_ = false;
    std::atomic<std::uint32_t> open_ = 0;
};

}  // namespace rbees::engine
