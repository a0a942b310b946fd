#pragma once
/// @file
/// For command-line programs: run one coroutine to its end on a loop of its own.

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "rbees/net/task.hpp"

namespace rbees::net {

/// Runs `io` until the task has ended, and returns what it returned.
template <class T>
T run(IoContext& io, Task<T> task) {
    std::optional<T> result;
    std::exception_ptr error;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, T value) {
        error = thrown;
        if (!thrown) result.emplace(std::move(value));
        io.stop();
    });
    io.restart();
    io.run();
    if (error) std::rethrow_exception(error);
    return std::move(*result);
}

}  // namespace rbees::net
