#pragma once
/// @file
/// Processes, held by descriptors that cannot come to mean another process.
///
/// The kernel gives a pid again as soon as its process is reaped; a signal sent to a stored number can hit a stranger.
/// A `Process` therefore holds a pidfd, and what is written to disk is a `ProcessIdentity`, which is checked before
/// use.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/time.hpp"

namespace rbees::process {

/// Names one process for as long as the machine exists: equal identities are the same process.
struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;  ///< clock ticks after boot: field 22 of /proc/PID/stat
    std::string boot_id;           ///< the kernel's id of this boot; ticks and pids start anew with the next

    bool operator==(const ProcessIdentity&) const = default;
};

/// How a process ended.
struct ExitStatus {
    enum class Kind : std::uint8_t {
        exited,   ///< by itself; `number` is its exit code
        killed,   ///< by a signal; `number` is the signal's
        unknown,  ///< it is gone, but only its parent can know how
    };

    Kind kind = Kind::unknown;
    int number = 0;

    bool operator==(const ExitStatus&) const = default;
};

/// "exit code 1", "killed by signal 9 (Killed)" or "exit status unknown".
[[nodiscard]] std::string describe(const ExitStatus& status);

/// A running or ended process: our child, or any other. One owner; not thread-safe. Destroying it leaves the process as
/// it is: a child that nobody waited for then stays a zombie until we end.
class Process {
  public:
    [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
    [[nodiscard]] pid_t pid() const { return identity_.pid; }

    /// Readable (POLLIN) once the process has ended. Stays owned by this object.
    [[nodiscard]] int pidfd() const { return pidfd_.get(); }

    /// Asks the process to end (SIGTERM). A process that is gone already counts as success.
    [[nodiscard]] Result<void> terminate();

    /// Asks a daemon to look again at what it has to do (SIGHUP). A process that is gone already counts as success.
    [[nodiscard]] Result<void> hang_up();

    /// Ends the process at once (SIGKILL). A process that is gone already counts as success.
    [[nodiscard]] Result<void> kill();

    /// As `terminate` and `kill`, of the process and of all in its group: what a script has started ends with it. Only
    /// for our own child in a session of its own, which leads its group. After its end nothing is signalled.
    [[nodiscard]] Result<void> terminate_group();
    [[nodiscard]] Result<void> kill_group();

    /// How it ended; nothing while it runs. Reaps our own child, and keeps the answer for later calls. Never blocks.
    [[nodiscard]] std::optional<ExitStatus> try_wait();

    /// Blocks until it has ended, `limit` at most; then as `try_wait`. For command-line programs and tests.
    [[nodiscard]] std::optional<ExitStatus> wait_for(Duration limit);

    /// Whether it still runs. A zombie does not.
    [[nodiscard]] bool is_alive() const;

    /// Whether we started it: then its end is ours to see to.
    [[nodiscard]] bool is_our_child() const { return parent_ == Parent::us; }

  private:
    friend Result<Process> adopt_child(pid_t pid);
    friend Result<std::optional<Process>> open_if_same(const ProcessIdentity& identity);

    enum class Parent : std::uint8_t { us, other };

    Process(ProcessIdentity identity, UniqueFd pidfd, Parent parent);
    [[nodiscard]] Result<void> send(int signal);
    [[nodiscard]] Result<void> send_to_group(int signal);

    ProcessIdentity identity_;
    UniqueFd pidfd_;
    Parent parent_;
    std::optional<ExitStatus> ended_;
};

/// The identity of the process that has this number now. Fails when there is none.
[[nodiscard]] Result<ProcessIdentity> identify(pid_t pid);

/// The process with this identity, if it still runs. Nothing if it has ended, also if its number now belongs to another
/// one. Fails only when the system has no descriptor to give, which says nothing about the process.
[[nodiscard]] Result<std::optional<Process>> open_if_same(const ProcessIdentity& identity);

/// Our own child that was just started and not waited for yet.
[[nodiscard]] Result<Process> adopt_child(pid_t pid);

}  // namespace rbees::process
