#include "rbees/process/process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include "pidfd.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::process {
namespace {

/// Whether the pidfd becomes readable within the limit: the process has ended.
bool has_ended(int pidfd, Duration limit) {
    const auto deadline = BootClock::now() + limit;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now()).count();
        pollfd waiting{.fd = pidfd, .events = POLLIN, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
        if (ready > 0) return true;
        if (ready == 0 && left <= INT_MAX) return false;
    }
}

ExitStatus reap(int pidfd) {
    siginfo_t info{};
    int outcome = -1;
    do {
        outcome = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
    } while (outcome != 0 && errno == EINTR);
    // ECHILD: somebody else in this process waited for it, or SIGCHLD is ignored.
    if (outcome != 0 || info.si_pid == 0) return {ExitStatus::Kind::unknown, 0};
    return {info.si_code == CLD_EXITED ? ExitStatus::Kind::exited : ExitStatus::Kind::killed, info.si_status};
}

}  // namespace

std::string describe(const ExitStatus& status) {
    switch (status.kind) {
        case ExitStatus::Kind::exited:
            return fmt::format("exit code {}", status.number);
        case ExitStatus::Kind::killed:
            return fmt::format("killed by signal {} ({})", status.number, ::strsignal(status.number));
        case ExitStatus::Kind::unknown:
            break;
    }
    return "exit status unknown";
}

Process::Process(ProcessIdentity identity, UniqueFd pidfd, Parent parent)
    : identity_(std::move(identity)), pidfd_(std::move(pidfd)), parent_(parent) {}

Result<void> Process::send(int signal) {
    if (send_signal(pidfd_.get(), signal) == 0 || errno == ESRCH) return {};
    return fail_with_errno(fmt::format("cannot signal process {}", identity_.pid),
                           "check that it runs as the same user");
}

/// pidfd_send_signal reaches groups only since Linux 6.9. The number is safe to use: an unreaped child keeps it.
Result<void> Process::send_to_group(int signal) {
    RBEES_ASSERT(parent_ == Parent::us);
    if (ended_ || ::kill(-identity_.pid, signal) == 0 || errno == ESRCH) return {};
    return fail_with_errno(fmt::format("cannot signal the processes of {}", identity_.pid),
                           "check that they run as the same user");
}

Result<void> Process::terminate() {
    return send(SIGTERM);
}
Result<void> Process::hang_up() {
    return send(SIGHUP);
}
Result<void> Process::kill() {
    return send(SIGKILL);
}

Result<void> Process::terminate_group() {
    return send_to_group(SIGTERM);
}
Result<void> Process::kill_group() {
    return send_to_group(SIGKILL);
}

std::optional<ExitStatus> Process::try_wait() {
    if (ended_ || is_alive()) return ended_;
    ended_ = parent_ == Parent::us ? reap(pidfd_.get()) : ExitStatus{};
    return ended_;
}

std::optional<ExitStatus> Process::wait_for(Duration limit) {
    if (!ended_) has_ended(pidfd_.get(), limit);
    return try_wait();
}

bool Process::is_alive() const {
    return !ended_ && !has_ended(pidfd_.get(), Duration(0));
}

Result<Process> adopt_child(pid_t pid) {
    UniqueFd pidfd(open_pidfd(pid));
    if (!pidfd.valid()) return fail_with_errno(fmt::format("cannot hold process {}", pid));
    auto identity = identify(pid);
    if (!identity) return std::unexpected(identity.error());
    return Process(std::move(*identity), std::move(pidfd), Process::Parent::us);
}

Result<std::optional<Process>> open_if_same(const ProcessIdentity& identity) {
    if (identity.pid <= 0) return std::nullopt;
    UniqueFd pidfd(open_pidfd(identity.pid));
    // EINVAL: the number is now a thread's.
    if (!pidfd.valid() && (errno == ESRCH || errno == EINVAL)) return std::nullopt;
    if (!pidfd.valid()) return fail_with_errno(fmt::format("cannot hold process {}", identity.pid));
    // Asked after the pidfd is open: whoever has the number now, the descriptor and the answer mean the same process,
    // or the process has ended in between and is not alive.
    const auto now = identify(identity.pid);
    if (!now || *now != identity) return std::nullopt;
    Process process(identity, std::move(pidfd), Process::Parent::other);
    if (!process.is_alive()) return std::nullopt;
    return process;
}

}  // namespace rbees::process
