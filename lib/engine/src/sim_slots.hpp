#pragma once
/// @file
/// Slots of the simulated engine: who may work, who waits, and what each slot still holds in its KV cache.
///
/// First come, first served. Of the free slots the one that shares the longest prefix with the prompt is taken, then
/// the one that was idle longest, as llama.cpp does it. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <list>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

#include "rbees/engine/request.hpp"
#include "sim_source.hpp"

namespace rbees::engine {

class SimulatedSlots {
  public:
    enum class Refusal : std::uint8_t { stopped, full };

    struct Grant {
        std::size_t slot = 0;
        std::size_t cached = 0;  ///< prompt tokens that need no prefill; the last one always needs it
    };

    struct Load {
        std::uint32_t busy = 0;
        std::uint32_t waiting = 0;
    };

    explicit SimulatedSlots(std::size_t count) : slots_(count) {}

    /// Blocks until it is this caller's turn. Refuses when stopped, or with `max_waiting` others before it.
    [[nodiscard]] std::expected<Grant, Refusal> acquire(std::span<const std::int32_t> prompt, std::stop_token stop);

    /// Gives the slot back; it goes on holding these tokens.
    void release(std::size_t slot, HeldTokens held);

    [[nodiscard]] Load load() const;

  private:
    struct Slot {
        bool busy = false;
        HeldTokens held;
        std::uint64_t released = 0;  ///< order of the last release
    };

    [[nodiscard]] bool any_free() const;
    [[nodiscard]] Grant take_best(std::span<const std::int32_t> prompt);

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Slot> slots_;
    std::list<std::uint64_t> queue_;  ///< tickets, first come first
    std::uint64_t next_ticket_ = 0;
    std::uint64_t releases_ = 0;
};

}  // namespace rbees::engine
