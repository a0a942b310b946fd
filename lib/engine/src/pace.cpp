#include "rbees/engine/pace.hpp"

#include <algorithm>
#include <chrono>

namespace rbees::engine {

Instant RealPace::now() const {
    return BootClock::now();
}

void RealPace::wait_until(Instant when, std::stop_token stop) {
    const auto duration = when - now();
    if (duration <= Duration::zero()) return;
    std::unique_lock lock(mutex_);
    nobody_notifies_.wait_for(lock, stop, duration, [] { return false; });
}

Instant VirtualPace::now() const {
    const std::scoped_lock lock(mutex_);
    return now_;
}

void VirtualPace::wait_until(Instant when, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (free_) now_ = std::max(now_, when);
    if (when <= now_) return;
    ++waiters_;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return free_ || when <= now_; });
    --waiters_;
    if (free_) now_ = std::max(now_, when);
    changed_.notify_all();
}

void VirtualPace::advance(Duration by) {
    const std::scoped_lock lock(mutex_);
    now_ += by;
    changed_.notify_all();
}

void VirtualPace::run_free() {
    const std::scoped_lock lock(mutex_);
    free_ = true;
    changed_.notify_all();
}

bool VirtualPace::await_waiters(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return waiters_ >= count; });
}

}  // namespace rbees::engine
