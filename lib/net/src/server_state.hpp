#pragma once
/// @file
/// What the connections of one server share: its limits, its handler, and who is there.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "deadlines.hpp"
#include "rbees/base/log.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {

class Connection;

/// Outlives the Server while connections end. Single-threaded.
class ServerState {
  public:
    ServerState(IoContext& io_, ServerLimits limits_, Handler handler_, ErrorBody error_body_, Logger log_)
        : io(io_),
          limits(std::move(limits_)),
          bodies(limits.bodies ? limits.bodies : std::make_shared<BodyBudget>(ServerLimits::own_bodies)),
          handler(std::move(handler_)),
          error_body(std::move(error_body_)),
          log(std::move(log_)),
          deadlines(std::make_shared<Deadlines>(io_)) {}

    void add(Connection& connection);
    void remove(Connection& connection);
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }

    void begin_request() { ++requests_; }
    void end_request();
    [[nodiscard]] std::size_t requests() const { return requests_; }

    [[nodiscard]] bool is_draining() const { return draining_; }
    void drain(std::function<void()> drained);
    void cut_all();

    IoContext& io;
    const ServerLimits limits;
    const std::shared_ptr<BodyBudget> bodies;
    const Handler handler;
    HeadCheck head_check;  ///< set before the first connection
    const ErrorBody error_body;
    const Logger log;
    const std::shared_ptr<Deadlines> deadlines;

  private:
    void tell_drained();

    std::vector<Connection*> connections_;
    std::vector<std::function<void()>> when_drained_;
    std::size_t requests_ = 0;
    bool draining_ = false;
};

}  // namespace rbees::net
