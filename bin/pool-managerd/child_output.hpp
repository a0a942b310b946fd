#pragma once
/// @file
/// A child process whose output we read: curl, a recipe, Python.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/units.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/process.hpp"
#include "rbees/process/spawn.hpp"
#include "stop_signal.hpp"

namespace rbees::poold {

/// Owns the child, and what that starts: its destruction kills them. Used on the loop's thread.
class ChildOutput {
  public:
    /// Starts `plan` with stdout to us, and without the tokens of our environment unless the plan names them: programs
    /// and scripts of others run here. `input` is readable by the child as /dev/fd/3, and at most a pipe's 64 KiB: it
    /// carries what must not stand in argv.
    [[nodiscard]] static Result<std::unique_ptr<ChildOutput>> start(net::IoContext& io, process::SpawnPlan plan,
                                                                    std::string input = {});
    ~ChildOutput();
    ChildOutput(const ChildOutput&) = delete;
    ChildOutput& operator=(const ChildOutput&) = delete;

    /// What has arrived, at least one byte; empty at the end.
    [[nodiscard]] net::Task<std::string> read();

    /// Waits for its end.
    [[nodiscard]] net::Task<process::ExitStatus> wait();

    /// Ends it at once; `read` then comes to the end.
    void kill();

    /// Calls `kill` after `span`, unless called again or destroyed; `never` takes the deadline away.
    void kill_after(Duration span);
    void kill_never();

    /// Asks the child, and what it started, to end when the signal comes; scripts then tidy up.
    void end_on(StopSignal& stop);

    /// Whether `kill_after` did it.
    [[nodiscard]] bool was_too_slow() const;

  private:
    struct State;
    explicit ChildOutput(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

/// What a child that ended by itself left.
struct ChildResult {
    process::ExitStatus status;
    std::string output;
};

/// Runs `plan` to its end, or until `stop`. Fails if it cannot be started, takes longer than `limit`, or writes more
/// than `output_max`.
[[nodiscard]] net::Task<Result<ChildResult>> run_child(net::IoContext& io, process::SpawnPlan plan, Duration limit,
                                                       Bytes output_max, std::shared_ptr<StopSignal> stop = nullptr);

}  // namespace rbees::poold
