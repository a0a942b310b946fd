#pragma once
/// @file
/// Heartbeats whose answers are held back, so that either side notices at once when the other is gone.

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <set>

#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"

namespace rbees::orcd {

/// On one I/O thread.
class HeldHeartbeats {
  public:
    using Timer = boost::asio::basic_waitable_timer<BootClock>;

    explicit HeldHeartbeats(net::IoContext& io) : io_(io) {}

    /// A timer that ends after `span`, or at once when the heartbeats are released.
    [[nodiscard]] std::shared_ptr<Timer> hold(Duration span) {
        auto timer = std::make_shared<Timer>(io_, is_released_ ? Duration{} : span);
        timers_.insert(timer);
        return timer;
    }
    void done(const std::shared_ptr<Timer>& timer) { timers_.erase(timer); }

    void release() {
        is_released_ = true;
        for (const auto& timer : timers_) {
            timer->cancel();
        }
    }

  private:
    net::IoContext& io_;
    std::set<std::shared_ptr<Timer>> timers_;
    bool is_released_ = false;
};

}  // namespace rbees::orcd
