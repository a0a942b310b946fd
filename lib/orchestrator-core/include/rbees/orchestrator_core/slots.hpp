#pragma once
/// @file
/// Slot tickets: the right to send one request to one worker.
///
/// orcd never sends a worker more requests than it has slots. The count of slots in use is the one thing that threads
/// share and change: an I/O thread takes a ticket by compare-and-swap, without a lock and without asking the control
/// thread. A ticket carries the worker's epoch. Retiring a worker raises the epoch, so that no new ticket is given and
/// the worker refuses an old one before its first byte.

#include <atomic>
#include <cstdint>
#include <optional>

namespace rbees::orchestrator {

enum class Epoch : std::uint32_t {};

/// Who asks for a slot. A newcomer must not take what somebody in the queue waits for.
enum class Claim : std::uint8_t { newcomer, from_queue };

/// The slots of one worker. Thread-safe.
class SlotCounter {
  public:
    SlotCounter(std::uint32_t capacity, Epoch epoch) : capacity_(capacity), state_(pack(epoch, 0)) {}

    /// Takes a slot and tells the epoch to send along; nothing if none is free, the worker is retired, or a newcomer
    /// would overtake somebody who waits.
    [[nodiscard]] std::optional<Epoch> take(Claim claim);

    /// Counts a request that the worker has already, found after a restart; it may go beyond the capacity. Nothing if
    /// the worker is retired.
    [[nodiscard]] std::optional<Epoch> take_over();

    /// Gives a slot back. True if somebody waits for it: the control thread must be told then.
    [[nodiscard]] bool release();

    /// No ticket from now on.
    void retire();

    /// Whether somebody waits. Set by the control thread *before* it looks for a free slot, so that a slot freed in
    /// between is noticed by one of the two.
    void set_waiting(bool waiting) { waiting_.store(waiting); }

    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
    [[nodiscard]] std::uint32_t used() const { return static_cast<std::uint32_t>(state_.load()); }
    [[nodiscard]] std::uint32_t free() const;
    [[nodiscard]] Epoch epoch() const { return Epoch{static_cast<std::uint32_t>(state_.load() >> 32)}; }

  private:
    [[nodiscard]] static std::uint64_t pack(Epoch epoch, std::uint32_t used) {
        return (std::uint64_t{static_cast<std::uint32_t>(epoch)} << 32) | used;
    }

    const std::uint32_t capacity_;
    std::atomic<std::uint64_t> state_;  ///< epoch in the upper half, slots in use in the lower
    std::atomic<bool> retired_{false};
    std::atomic<bool> waiting_{false};
};

}  // namespace rbees::orchestrator
