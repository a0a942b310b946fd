#include "rbees/net/timer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rbees::net {

Task<bool> wait_for(Duration span) {
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) co_return false;
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::basic_waitable_timer<BootClock> timer(executor, span);
    const auto [error] = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return !error;
}

}  // namespace rbees::net
