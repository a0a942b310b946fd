#pragma once
/// @file
/// A socket address of IPv4 or IPv6, for the system calls.

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "rbees/base/failure.hpp"

namespace rbees::net {

class SocketAddress {
  public:
    SocketAddress() = default;

    /// The first address of a host to listen on: an IP address or a name such as "localhost". Blocks on name look-up.
    [[nodiscard]] static Result<SocketAddress> resolve(const std::string& host, std::uint16_t port);
    /// Where a socket is bound.
    [[nodiscard]] static SocketAddress of_socket(int fd);

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t size() const { return size_; }
    /// For calls that fill the address in.
    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t* room() { return &size_; }

    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] boost::asio::ip::tcp protocol() const {
        return family() == AF_INET6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    }
    [[nodiscard]] std::uint16_t port() const;
    /// "127.0.0.1:8080", "[::1]:8080".
    [[nodiscard]] std::string text() const;

  private:
    sockaddr_storage storage_{};
    socklen_t size_ = sizeof(sockaddr_storage);
};

}  // namespace rbees::net
