#pragma once
/// @file
/// Wakes the coroutines that wait for something to change. Who wakes looks again; a ring that nobody waits for is lost.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rbees/net/task.hpp"

namespace rbees::workerd {

/// The loop's thread only. Must outlive those who wait.
class Bell {
  public:
    explicit Bell(net::IoContext& io) : never_(io, boost::asio::steady_timer::time_point::max()) {}

    /// Returns after the next `ring`.
    [[nodiscard]] net::Task<void> wait() {
        static_cast<void>(co_await never_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable)));
    }

    void ring() { never_.cancel(); }

  private:
    boost::asio::steady_timer never_;  ///< never expires; cancelled to wake
};

}  // namespace rbees::workerd
