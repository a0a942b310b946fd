#pragma once
/// @file
/// Adapts the decode threads while the engine runs: measures every two seconds what other processes left free.
///
/// llama.cpp lets the number change only on the thread that decodes. Its abort callback runs exactly there, between two
/// nodes of a graph, so that is where the new number is handed over; it holds from the next step on.

#include <llama.h>

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "machine.hpp"
#include "rbees/base/log.hpp"

namespace rbees::engine {

/// The number to use next: fewer at once, one that rises only after it was seen three times in a row, because a number
/// that is too high costs far more than one that is too low. Pure but for what it remembers.
class ThreadChoice {
  public:
    explicit ThreadChoice(std::uint32_t now) : now_(now) {}

    [[nodiscard]] std::uint32_t next(double free_cores);

  private:
    static constexpr int seen_before_rise = 3;

    std::uint32_t now_;
    std::uint32_t higher_ = 0;
    int seen_ = 0;
};

/// Must outlive the context's decoding, and `attach` must come before it.
class ThreadGovernor {
  public:
    ThreadGovernor(std::uint32_t now, Logger log) : choice_(now), wanted_(now), set_(now), log_(std::move(log)) {}

    /// Begins to set the context's threads. Once.
    void attach(llama_context* context);

    /// Begins to measure, on a thread of its own, and to `note` what it finds. Once.
    void start();

    /// So many cores are free. Not thread-safe; not beside `start`.
    void note(double free_cores);

  private:
    static bool between_nodes(void* self);
    void measure(std::stop_token stop);

    ThreadChoice choice_;
    std::atomic<std::uint32_t> wanted_;
    std::uint32_t set_;  ///< of the decoding thread alone
    llama_context* context_ = nullptr;
    Logger log_;
    std::jthread thread_;
};

}  // namespace rbees::engine
