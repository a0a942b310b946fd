#pragma once
/// @file
/// Takes connections from a port. Running out of descriptors pauses it; it never spins.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include "channel.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/log.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {

/// Single-threaded; owned by shared_ptr, because a wait may be under way when its owner goes.
class Listener : public std::enable_shared_from_this<Listener> {
  public:
    using Accepted = std::function<void(Channel::Socket socket, std::string peer)>;

    Listener(IoContext& io, Accepted accepted, Logger log);

    /// Binds, listens and begins to accept. Returns the port.
    [[nodiscard]] Result<std::uint16_t> open(const std::string& host, std::uint16_t port, PortUse use);
    void close();

  private:
    enum class Outcome : std::uint8_t { accepted, nothing_there, starved };

    void wait();
    void wait_out_starvation();
    [[nodiscard]] Outcome accept_one();
    void accept_some();

    IoContext& io_;
    Accepted accepted_;
    Logger log_;
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, IoContext::executor_type> acceptor_;
    boost::asio::basic_waitable_timer<BootClock> pause_;
    UniqueFd reserve_;  ///< given up for a moment to take, and close, a connection when there are no descriptors left
    bool is_starved_ = false;
};

}  // namespace rbees::net
