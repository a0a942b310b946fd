#pragma once
/// @file
/// Waiting for daemons that start: until they are ready, or one of them is seen to have died.

#include "cli/session.hpp"
#include "rbees/process/process.hpp"

namespace rbees::ctl {

/// Returns when rbees-orcd answers and a pool manager is registered with it. Fails when the supervisor ends or a daemon
/// stays dead, with the last lines of its log, and when `start_time` is over.
[[nodiscard]] Checked<void> wait_until_ready(Session& session, const Home& home, process::Process& supervisor);

}  // namespace rbees::ctl
