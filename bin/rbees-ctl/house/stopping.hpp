#pragma once
/// @file
/// Stopping the processes of a home: asked first, waited for, and killed only if the process is provably ours.

#include <string>
#include <vector>

#include "cli/session.hpp"
#include "house/processes.hpp"

namespace rbees::ctl {

enum class StopScope : std::uint8_t {
    daemons,     ///< supervisor, rbees-orcd, pool manager; workers go on and are adopted at the next start
    everything,  ///< also the workers, which may finish their work first
};

/// How long an orderly end may take, unless `--timeout` says otherwise; then what remains is killed.
inline constexpr Duration stop_time = std::chrono::seconds(45);

struct Stopped {
    std::vector<std::string> ended;   ///< names of the processes that ran and do not any more
    std::vector<std::string> killed;  ///< those of them that had to be killed
};

/// Idempotent: nothing that runs, nothing to do. Fails where a process could not be ended.
[[nodiscard]] Checked<Stopped> stop_house(Session& session, StopScope scope);

/// SIGTERM, then SIGKILL at the deadline. Waits for the end in both cases.
[[nodiscard]] Result<void> end_process(const HouseProcess& process, Instant deadline);

}  // namespace rbees::ctl
