#pragma once
/// @file
/// Learning at once that a process has ended, on an event loop. No polling: the loop waits for the pidfd.

#include <functional>
#include <memory>

#include "rbees/process/process.hpp"

namespace boost::asio {
class io_context;
}

namespace rbees::process {

/// Owns a process and calls back once, on the loop, when it has ended: our own child is reaped then, of another process
/// the status is unknown. Used on the loop's thread only, and destroyed before the loop. Destroying the watch cancels
/// the call and leaves the process alone; the callback may destroy it.
class ExitWatch {
  public:
    using Callback = std::move_only_function<void(ExitStatus)>;

    /// Fails when the loop cannot watch one more descriptor. Our own child is killed then, because nobody would notice
    /// its end; another process is lost to us but goes on.
    [[nodiscard]] static Result<ExitWatch> start(boost::asio::io_context& io, Process process, Callback on_exit);

    ~ExitWatch();
    ExitWatch(ExitWatch&&) noexcept;
    ExitWatch& operator=(ExitWatch&&) noexcept;

    /// The process, to signal it or ask for its identity.
    [[nodiscard]] Process& process();
    [[nodiscard]] const Process& process() const;

  private:
    struct State;
    explicit ExitWatch(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace rbees::process
