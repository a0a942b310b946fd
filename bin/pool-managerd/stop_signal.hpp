#pragma once
/// @file
/// The wish that something long ends early: told once, heard by everything that takes part.

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace rbees::poold {

/// Something that can be ended early, on the loop's thread.
class Stoppable {
  public:
    Stoppable() = default;
    Stoppable(const Stoppable&) = delete;
    Stoppable& operator=(const Stoppable&) = delete;
    virtual ~Stoppable() = default;

    virtual void stop() = 0;
};

/// Used on the loop's thread, but for `requested`, which any thread may ask.
class StopSignal {
  public:
    /// Stops everything that listens; once.
    void request() {
        if (requested_.exchange(true)) return;
        for (const auto& weak : std::exchange(listeners_, {})) {
            if (const auto listener = weak.lock()) listener->stop();
        }
    }

    [[nodiscard]] bool requested() const { return requested_; }

    /// Stops `listener` on request; at once if the request has come. It may go before.
    void tell(const std::shared_ptr<Stoppable>& listener) {
        if (requested()) return listener->stop();
        std::erase_if(listeners_, [](const auto& known) { return known.expired(); });
        listeners_.push_back(listener);
    }

  private:
    std::atomic<bool> requested_{false};
    std::vector<std::weak_ptr<Stoppable>> listeners_;
};

}  // namespace rbees::poold
