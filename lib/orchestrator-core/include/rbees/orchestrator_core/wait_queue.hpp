#pragma once
/// @file
/// The one queue: requests that found no free slot, or whose model is not loaded yet. First come, first served for each
/// model. Lives in the control thread.
///
/// Pure: time comes in with each call. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"

namespace rbees::orchestrator {

enum class WaitId : std::uint64_t {};

/// A request that waits.
struct Wait {
    WaitId id{};
    ModelId model;
    Instant deadline{};  ///< it is refused then
};

enum class WaitError : std::uint8_t {
    full,  ///< as many wait as `queue.capacity` allows
};

class WaitQueue {
  public:
    explicit WaitQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Joins the end. Returns how many of the same model stand before it.
    [[nodiscard]] std::expected<std::size_t, WaitError> join(Wait wait);

    /// Takes the longest waiting one for the model out.
    [[nodiscard]] std::optional<Wait> next(const ModelId& model);

    /// Puts one back to the front: its slot was gone when it came to take it. Never refused, as it was admitted before;
    /// if others joined meanwhile, the queue is over its capacity by so many.
    void put_back(Wait wait);

    /// The request left. No effect if it is not here.
    void leave(WaitId id);

    /// Takes out everything whose deadline has passed.
    [[nodiscard]] std::vector<Wait> expired(Instant now);

    /// Takes out every request for the model, in order.
    [[nodiscard]] std::vector<Wait> take_all(const ModelId& model);

    [[nodiscard]] std::optional<Instant> next_deadline() const;
    [[nodiscard]] std::vector<ModelId> models() const;  ///< that somebody waits for
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    std::size_t capacity_;
    std::size_t size_ = 0;
    std::map<ModelId, std::deque<Wait>> by_model_;  ///< no empty lines
};

}  // namespace rbees::orchestrator
