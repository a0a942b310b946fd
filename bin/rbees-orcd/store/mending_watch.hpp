#pragma once
/// @file
/// Notices that a disk which could only be read takes writes again, so that nobody has to come and start us anew.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "rbees/base/failure.hpp"
#include "rbees/base/time.hpp"

namespace rbees::orcd {

/// Probes on a thread of its own, because a disk that is not well may take long.
class MendingWatch {
  public:
    struct Parts {
        std::function<Result<void>()> probe;  ///< succeeds when all is well again
        std::function<void()> mended;         ///< called once then, on that thread
        Duration pause = std::chrono::seconds(5);
    };

    explicit MendingWatch(Parts parts)
        : thread_([this, parts = std::move(parts)](const auto& stop) { run(stop, parts); }) {}

  private:
    void run(const std::stop_token& stop, const Parts& parts) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            woken_.wait_for(lock, stop, parts.pause, [] { return false; });
            if (!stop.stop_requested() && parts.probe()) return parts.mended();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any woken_;
    std::jthread thread_;  ///< ends before what it uses goes
};

}  // namespace rbees::orcd
