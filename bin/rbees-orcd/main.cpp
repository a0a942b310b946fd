/// @file
/// rbees-orcd: the orchestrator, or with --supervise the parent that restarts it.

#include <utility>

#include "orcd.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/home.hpp"
#include "rbees/process/signals.hpp"
#include "settings.hpp"
#include "store/mending_watch.hpp"
#include "supervisor.hpp"

int main(int argc, char** argv) {
    using namespace rbees;
    auto settings = orcd::read_settings(argc, argv, process_environment());
    if (!settings) return daemon::leave(settings.error());
    if (auto armed = arm_crash_points(process_environment()); !armed) {
        return daemon::leave({daemon::ExitCode::failed, "rbees-orcd: " + describe(armed.error()) + "\n"});
    }
    process::ignore_signals_of_writes();
    if (settings->mode == orcd::Mode::trial) return static_cast<int>(orcd::try_journal(settings->tried_journal));
    const auto log = daemon::log_to_stderr(settings->log_level, settings->log_limits);
    const auto code = settings->mode == orcd::Mode::supervise ? orcd::run_supervisor(*settings, log)
                                                              : orcd::run_orcd(std::move(*settings), log);
    return static_cast<int>(code);
}
