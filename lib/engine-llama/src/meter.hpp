#pragma once
/// @file
/// What the engine did so far. Decode time is the time during which at least one request was generating, so that it
/// never exceeds the time that passed.

#include <cstdint>
#include <mutex>

#include "rbees/base/time.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// Thread-safe.
class Meter {
  public:
    void count_request() {
        const std::scoped_lock lock(mutex_);
        ++counters_.requests;
    }

    void count_prompt(Tokens prompt, Tokens cached) {
        const std::scoped_lock lock(mutex_);
        counters_.tokens_in += prompt;
        counters_.tokens_cached += cached;
    }

    void count_output(Tokens tokens) {
        const std::scoped_lock lock(mutex_);
        counters_.tokens_out += tokens;
    }

    void begin_decode(Instant now) {
        const std::scoped_lock lock(mutex_);
        if (decoding_++ == 0) since_ = now;
    }

    void end_decode(Instant now) {
        const std::scoped_lock lock(mutex_);
        if (--decoding_ == 0) counters_.decode_seconds += std::chrono::duration<double>(now - since_).count();
    }

    [[nodiscard]] Counters read(Instant now) const {
        const std::scoped_lock lock(mutex_);
        auto counters = counters_;
        if (decoding_ > 0) counters.decode_seconds += std::chrono::duration<double>(now - since_).count();
        return counters;
    }

  private:
    mutable std::mutex mutex_;
    Counters counters_;
    std::uint32_t decoding_ = 0;
    Instant since_{};
};

}  // namespace rbees::engine
