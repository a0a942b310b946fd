#pragma once
/// @file
/// One direction of an open connection between two processes.

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "network.hpp"

namespace rbees::simulation {

/// Messages keep their order, and wait while the network is cut. Closed by either side, or by a death.
class Pipe : public std::enable_shared_from_this<Pipe> {
  public:
    Pipe(Network& network, Process& from, Process& to, std::function<void()> closed)
        : network_(network),
          from_(from),
          to_(to),
          from_life_(from.life()),
          to_life_(to.life()),
          closed_(std::move(closed)) {}

    /// `deliver` runs at the receiver.
    void send(Task deliver);

    /// The sender closes it: the receiver hears so behind what was sent.
    void close();

    /// The receiver does not listen any more; the sender finds out.
    void leave();

    [[nodiscard]] bool is_open() const;

    /// Called at the sender once the receiver has left or died.
    void when_left(std::function<void()> left);

  private:
    friend class Network;

    void flush();
    void break_off();
    void tell_left();

    Network& network_;
    Process& from_;
    Process& to_;
    std::uint64_t from_life_;
    std::uint64_t to_life_;
    std::function<void()> closed_;
    std::function<void()> left_;
    std::vector<Task> waiting_;  ///< while the network is cut
    Instant last_arrival_{};
    bool is_closed_ = false;
    bool is_left_ = false;
};

}  // namespace rbees::simulation
