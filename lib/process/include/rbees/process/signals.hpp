#pragma once
/// @file
/// The signals that people and service managers send to a daemon, as calls on its event loop.

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace rbees::process {

/// What a daemon does about each wish.
struct SignalReactions {
    std::function<void()> drain;     ///< first SIGTERM or SIGINT: finish what runs, then stop
    std::function<void()> stop_now;  ///< each further one: the sender has lost patience
    std::function<void()> hang_up;   ///< SIGHUP; empty: the signal does nothing
};

/// Takes SIGTERM, SIGINT and SIGHUP from construction to destruction, and keeps the loop running as long. One a
/// process; used on the loop's thread only, and destroyed before the loop. A reaction may destroy the watch.
class SignalWatch {
  public:
    SignalWatch(boost::asio::io_context& io, SignalReactions reactions);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A write that nobody reads, or that makes a file larger than allowed (`ulimit -f`), is an error (EPIPE, EFBIG)
/// instead of our end. For each main; children get the default back.
void ignore_signals_of_writes();

/// We are of use to the process that started us only: when the thread that did ends, the kernel ends us (SIGKILL).
void end_with_parent();

}  // namespace rbees::process
