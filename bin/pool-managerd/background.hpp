#pragma once
/// @file
/// One thread for what blocks: hashing, copying and syncing large files. The event loop must not wait for a disk.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "rbees/net/task.hpp"

namespace rbees::poold {

/// Functions run one after another. The destructor waits for the one that runs.
class Background {
  public:
    Background() : thread_(1) {}
    ~Background() { thread_.join(); }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    /// Runs `function` on the thread; resumes on the caller's loop with what it returned.
    template <class Function>
    [[nodiscard]] net::Task<std::invoke_result_t<Function>> run(Function function) {
        auto result = co_await boost::asio::co_spawn(thread_, call(std::move(function)), boost::asio::use_awaitable);
        co_return result;
    }

  private:
    template <class Function>
    static net::Task<std::invoke_result_t<Function>> call(Function function) {
        co_return function();
    }

    boost::asio::thread_pool thread_;
};

}  // namespace rbees::poold
