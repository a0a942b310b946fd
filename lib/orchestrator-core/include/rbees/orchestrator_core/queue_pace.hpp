#pragma once
/// @file
/// How fast a queue moves, and so how long one that joins it will wait.
///
/// What is measured is the time from one that is served to the next, as long as somebody waits all the time: then it is
/// the slots that set the pace. Smoothed as TCP smooths round-trip times (RFC 6298, weight 1/8).
///
/// Pure; not thread-safe.

#include <chrono>
#include <cstddef>
#include <optional>

#include "rbees/base/time.hpp"

namespace rbees::orchestrator {

class QueuePace {
  public:
    /// One that waited was served. Those that are served within a moment, because several slots came free together,
    /// share the time until the next.
    void served(Instant now) {
        if (last_ && now < *last_ + moment) {
            ++together_;
            return;
        }
        if (last_) {
            const auto sample = (now - *last_) / together_;
            interval_ = interval_ ? *interval_ + (sample - *interval_) / smoothing : sample;
        }
        last_ = now;
        together_ = 1;
    }

    /// Nobody waits any more: the time until the next one is served says nothing.
    void emptied() { last_.reset(); }

    /// How long one waits before whom so many are served. Nothing where that was never seen.
    [[nodiscard]] std::optional<Duration> wait_behind(std::size_t before) const {
        if (!interval_) return std::nullopt;
        return *interval_ * static_cast<Duration::rep>(before + 1);
    }

  private:
    static constexpr int smoothing = 8;
    static constexpr Duration moment = std::chrono::milliseconds(10);

    std::optional<Instant> last_;
    int together_ = 1;
    std::optional<Duration> interval_;
};

}  // namespace rbees::orchestrator
