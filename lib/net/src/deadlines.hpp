#pragma once
/// @file
/// Bounds for thousands of connections with one timer.
///
/// A timer for each operation would cost a quarter of a request. Here setting a bound writes a time into its owner, and
/// one timer looks at all of them every `step`; a bound therefore fires up to one step late and never early. A bound
/// shorter than a step moves the next look forward, so short bounds are kept well too.

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>

#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"

namespace rbees::net {

class Deadlines;

/// One bound. Lives in a `Deadlines` from `watch` to `forget`; single-threaded.
class Deadline {
  public:
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

  protected:
    Deadline() = default;
    ~Deadline() = default;

    /// The bound passed. It is cleared before the call.
    virtual void on_deadline() = 0;

  private:
    friend class Deadlines;
    Instant at_ = Instant::max();
    std::size_t index_ = 0;
};

class Deadlines : public std::enable_shared_from_this<Deadlines> {
  public:
    explicit Deadlines(IoContext& io) : timer_(io) {}

    void watch(Deadline& deadline);
    void forget(Deadline& deadline);

    /// Sets the bound to `span` from now; replaces the one before.
    void set(Deadline& deadline, Duration span);
    void clear(Deadline& deadline) { deadline.at_ = Instant::max(); }

  private:
    static constexpr Duration step = std::chrono::milliseconds(250);

    void look_by(Instant time);
    void look();

    boost::asio::basic_waitable_timer<BootClock> timer_;
    std::vector<Deadline*> watched_;
    Instant next_look_ = Instant::max();
};

}  // namespace rbees::net
