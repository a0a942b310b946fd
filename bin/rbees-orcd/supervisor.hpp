#pragma once
/// @file
/// The parent that stays when `rbees up` returns: it starts rbees-orcd and pool-managerd, and starts them again when
/// they end. It does nothing else, so there is little that could end it.

#include "rbees/base/log.hpp"
#include "settings.hpp"

namespace rbees::orcd {

/// Runs until SIGTERM; then ends both children. A child that ends before is started again, whatever its exit code, but
/// not while `rbees down` is at work (Home::stop_lock). One that does not stay up 5 times in 10 s stays down, which its
/// state file `<name>.down` says. SIGHUP starts what does not run.
[[nodiscard]] ExitCode run_supervisor(const Settings& settings, const Logger& log);

}  // namespace rbees::orcd
