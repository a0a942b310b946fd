#pragma once
/// @file
/// From an I/O thread's coroutine to the control thread and back.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "rbees/net/task.hpp"

namespace rbees::orcd {

/// Gives the answer back to the thread that asked. Call it once, from any thread.
template <class T>
using Answerer = std::function<void(T answer)>;

/// Runs `question` on the control thread and resumes the coroutine on its own thread with the answer.
template <class T>
[[nodiscard]] net::Task<T> ask(net::IoContext& control, std::function<void(Answerer<T>)> question) {
    auto initiate = [&control](auto handler, std::function<void(Answerer<T>)> asked) {
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        boost::asio::post(control, [waiting, asked = std::move(asked)] {
            asked([waiting](T answer) {
                auto shared = std::make_shared<T>(std::move(answer));
                boost::asio::post(boost::asio::get_associated_executor(*waiting),
                                  [waiting, shared] { std::move (*waiting)(std::move(*shared)); });
            });
        });
    };
    return boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void(T)>(
        std::move(initiate), boost::asio::use_awaitable, std::move(question));
}

}  // namespace rbees::orcd
