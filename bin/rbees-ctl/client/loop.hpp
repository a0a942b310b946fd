#pragma once
/// @file
/// Commands are written as plain blocking steps. Each step that waits runs here: until it is done, Ctrl-C is pressed,
/// or the time of `--timeout` is up.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "cli/outcome.hpp"
#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"

namespace rbees::ctl {

/// One event loop for one command, on the thread that runs the command. After an interruption or the deadline it stays
/// stopped: every later step fails in the same way, and nothing half done goes on.
class Loop {
  public:
    /// `deadline` bounds all steps together; none: no bound.
    explicit Loop(std::optional<Instant> deadline = std::nullopt) : deadline_(deadline) {}

    [[nodiscard]] net::IoContext& io() { return io_; }

    /// Runs the task to its end. Fails with `interrupted` or `timed_out`; the task is then abandoned.
    template <class T>
    [[nodiscard]] Checked<T> run(net::Task<T> task) {
        if (stopped_) return std::unexpected(*stopped_);
        const auto result = std::make_shared<std::optional<T>>();
        const auto thrown = std::make_shared<std::exception_ptr>();
        boost::asio::co_spawn(io_, std::move(task), [this, result, thrown](std::exception_ptr error, T value) {
            *thrown = error;
            result->emplace(std::move(value));
            io_.stop();
        });
        run_until_stopped();
        if (*thrown) std::rethrow_exception(*thrown);
        if (stopped_) return std::unexpected(*stopped_);
        return std::move(**result);
    }

    /// Lets a task run beside those that `run` waits for.
    void start(net::Task<void> task);

    /// Waits. Fails as `run` does.
    [[nodiscard]] Checked<void> wait(Duration span);

    /// Ctrl-C outside of `run` ends the program with exit code 130 at once.
    static void exit_on_interrupt();

  private:
    void run_until_stopped();

    net::IoContext io_;
    std::optional<Instant> deadline_;
    std::optional<CliError> stopped_;
};

}  // namespace rbees::ctl
