#pragma once
/// @file
/// Client connections that wait for their next request, by address.

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "channel.hpp"
#include "deadlines.hpp"

namespace rbees::net {

/// Keeps each connection for 30 s. Single-threaded; connections in use hold it weakly.
class ConnectionPool final : private Deadline {
  public:
    ConnectionPool(IoContext& io, std::size_t idle_per_host);
    ~ConnectionPool();

    /// The one used last that is still open, or nothing.
    [[nodiscard]] std::shared_ptr<Channel> take(const std::string& authority);
    /// Gives back a connection whose last answer ended properly.
    void put(const std::string& authority, std::shared_ptr<Channel> channel);

    [[nodiscard]] IoContext& io() { return io_; }
    [[nodiscard]] const std::shared_ptr<Deadlines>& deadlines() const { return deadlines_; }

  private:
    struct Idle {
        std::shared_ptr<Channel> channel;
        Instant since;
    };

    void on_deadline() override;

    IoContext& io_;
    std::size_t idle_per_host_;
    std::shared_ptr<Deadlines> deadlines_;
    std::map<std::string, std::vector<Idle>, std::less<>> idle_;
};

}  // namespace rbees::net
