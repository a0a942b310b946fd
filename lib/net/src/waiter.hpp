#pragma once
/// @file
/// One coroutine waits, one callback wakes it: for operations that outlive the wait.

#include <functional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rbees/net/task.hpp"

namespace rbees::net {

/// At most one coroutine waits at a time. Whoever holds a Waiter must `drop` it when no wake can come any more:
/// the waiting coroutine is owned by it, and may in turn own the holder.
class Waiter {
  public:
    /// Resumes at the next `wake`, or when the coroutine is cancelled.
    [[nodiscard]] Task<void> wait() {
        const auto keep = [this](auto handler) {
            slot_ = boost::asio::get_associated_cancellation_slot(handler);
            executor_ = boost::asio::get_associated_executor(handler);
            handler_ = std::move(handler);
            if (slot_.is_connected()) slot_.assign([this](boost::asio::cancellation_type) { wake_later(); });
        };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(keep,
                                                                                         boost::asio::use_awaitable);
    }

    /// Resumes the waiting coroutine, if there is one, before returning. Call it from a completion, not from a
    /// coroutine.
    void wake() {
        auto handler = std::exchange(handler_, {});
        if (!handler) return;
        if (slot_.is_connected()) slot_.clear();
        handler();
    }

    /// Destroys the waiting coroutine.
    void drop() { std::exchange(handler_, {}); }

  private:
    /// The slot calls this, so neither the slot nor the coroutine may change before it has returned.
    void wake_later() {
        auto handler = std::exchange(handler_, {});
        if (!handler) return;
        boost::asio::post(executor_, [slot = slot_, handler = std::move(handler)]() mutable {
            slot.clear();
            handler();
        });
    }

    boost::asio::any_io_executor executor_;
    boost::asio::cancellation_slot slot_;
    std::move_only_function<void()> handler_;
};

}  // namespace rbees::net
