#pragma once
/// @file
/// The coroutine type of the I/O shell, and how a shell runs one.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace rbees::net {

template <class T>
using Task = boost::asio::awaitable<T>;

using IoContext = boost::asio::io_context;

}  // namespace rbees::net
