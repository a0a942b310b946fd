#pragma once
/// @file
/// The orchestrator as a whole: opens the store, recovers, starts the threads, and takes them down again.

#include "rbees/base/log.hpp"
#include "settings.hpp"

namespace rbees::orcd {

/// Runs until it is asked to stop. Returns the exit code; says on stderr why it could not start.
[[nodiscard]] ExitCode run_orcd(Settings settings, const Logger& log);

}  // namespace rbees::orcd
