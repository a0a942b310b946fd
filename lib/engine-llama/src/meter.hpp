#pragma once
/// @file
/// What the engine did so far, by llama.cpp's own clocks: of prompts its totals, which also know those that were
/// cancelled; of generations what each result brought, so that a long stream is counted while it runs.

#include <algorithm>
#include <mutex>

#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// llama.cpp's totals of prompts.
struct PromptTotals {
    Tokens processed;
    Tokens cached;
    double seconds = 0;  ///< during which prompts were processed, each counted once however many shared a step
};

/// Tokens that were generated, and how long that took.
struct Generated {
    Tokens tokens;
    Duration time{};
};

/// Thread-safe.
class Meter {
  public:
    void count_request() {
        const std::scoped_lock lock(mutex_);
        ++requests_;
    }

    void count_output(const Generated& more) {
        const std::scoped_lock lock(mutex_);
        output_.tokens += more.tokens;
        output_.time += more.time;
    }

    /// Totals that were overtaken by newer ones change nothing.
    void note_prompts(const PromptTotals& totals) {
        const std::scoped_lock lock(mutex_);
        prompts_ = {.processed = std::max(prompts_.processed, totals.processed),
                    .cached = std::max(prompts_.cached, totals.cached),
                    .seconds = std::max(prompts_.seconds, totals.seconds)};
    }

    /// All but the slots' numbers, which the loop knows.
    [[nodiscard]] Counters read() const {
        const std::scoped_lock lock(mutex_);
        return {.requests = requests_,
                .tokens_in = Tokens(prompts_.processed.value + prompts_.cached.value),
                .tokens_cached = prompts_.cached,
                .tokens_out = output_.tokens,
                .prefill_seconds = prompts_.seconds,
                .decode_seconds = std::chrono::duration<double>(output_.time).count()};
    }

  private:
    mutable std::mutex mutex_;
    std::uint64_t requests_ = 0;
    PromptTotals prompts_;
    Generated output_;
};

}  // namespace rbees::engine
