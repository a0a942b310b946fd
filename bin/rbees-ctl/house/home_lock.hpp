#pragma once
/// @file
/// One `rbees up` or `rbees down` of a home at a time: a second one waits for the first, then sees what it did.

#include "cli/session.hpp"
#include "rbees/base/files.hpp"

namespace rbees::ctl {

/// Waits for `limit` at most; then fails with the process that holds the lock. The home's folders must be there.
[[nodiscard]] Checked<FileLock> lock_home(Session& session, const Home& home, Duration limit);

/// The same for any lock of the home.
[[nodiscard]] Checked<FileLock> wait_for_lock(Session& session, const std::filesystem::path& file, Duration limit);

}  // namespace rbees::ctl
