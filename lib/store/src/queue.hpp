#pragma once
/// @file
/// Batches between the threads that decided them and the journal thread: in order, bounded, with an end.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <expected>
#include <mutex>
#include <optional>
#include <vector>

#include "pending.hpp"
#include "rbees/base/time.hpp"

namespace rbees::store {

/// Thread-safe; one thread takes.
class Queue {
  public:
    /// Whether a batch would be taken.
    [[nodiscard]] std::expected<void, AppendError> admits() const;

    /// Fails with `queue_full`, or with the reason of the closing.
    [[nodiscard]] std::expected<void, AppendError> push(Pending pending);

    /// Waits for batches and takes all of them, up to a transaction's size; empty when `patience` ran out first;
    /// none when the queue is closed and empty.
    [[nodiscard]] std::optional<std::vector<Pending>> take_group(Duration patience);

    /// Refuses what comes from now on. What is queued can still be taken. The first reason stays.
    void close(AppendError reason);

    [[nodiscard]] std::size_t size() const;

  private:
    [[nodiscard]] std::expected<void, AppendError> admits_locked() const;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Pending> batches_;
    Bytes bytes_;
    std::optional<AppendError> closed_;
};

}  // namespace rbees::store
