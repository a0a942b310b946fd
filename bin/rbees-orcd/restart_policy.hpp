#pragma once
/// @file
/// When a dead child is started again. Pure.

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

#include "rbees/base/time.hpp"

namespace rbees::orcd {

/// At once, but not for ever: one that was started `starts_max` times within `window` stays down.
class RestartPolicy {
  public:
    static constexpr std::size_t starts_max = 5;
    static constexpr Duration window = std::chrono::seconds(10);

    /// The child is being started.
    void started(Instant now) {
        starts_.push_back(now);
        if (starts_.size() > starts_max) starts_.pop_front();
    }

    /// Whether to start it again.
    [[nodiscard]] bool may_restart(Instant now) const {
        return starts_.size() < starts_max || now - starts_.front() > window;
    }

  private:
    std::deque<Instant> starts_;  ///< the last `starts_max`, oldest first
};

}  // namespace rbees::orcd
