#pragma once
/// @file
/// Notices that a journal which could only be opened for reading can be written again, so that nobody has to come and
/// start us anew.
///
/// Nothing but opening it shows that opening works. It is tried in a process of its own, `rbees-orcd --try-journal`:
/// SQLite's locks belong to a process, so opening and closing the database here once more would drop those of our
/// readers; and a disk that is not well may hold whoever writes to it for ever.

#include <filesystem>
#include <functional>
#include <memory>

#include "orcd_limits.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/daemon/command_line.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/spawn.hpp"

namespace rbees::orcd {

/// What `rbees-orcd --try-journal` is: opens the journal for writing, says on stderr why it cannot, and closes it
/// again. `ok` if all of that worked. Blocking; ends with the thread that started it.
[[nodiscard]] daemon::ExitCode try_journal(const std::filesystem::path& journal);

/// How to start that, within rbees-orcd.
[[nodiscard]] process::SpawnPlan plan_trial(const std::filesystem::path& journal);

/// One trial after the other, with a pause before each, until one succeeds. Used on the loop's thread only, and
/// destroyed before the loop.
class MendingWatch {
  public:
    struct Parts {
        process::SpawnPlan trial;      ///< ends with exit code 0 if all is well again
        std::function<void()> mended;  ///< called once then, on the loop; may destroy the watch
        Logger log;
        Duration pause = limits::trial_pause_min;    ///< before the first trial
        Duration patience = limits::trial_patience;  ///< a trial that takes longer is killed; that is a failure
    };

    MendingWatch(net::IoContext& io, Parts parts);

    /// Kills a trial that is under way. One that the disk does not let go is left behind after `limits::kill_time`.
    ~MendingWatch();
    MendingWatch(const MendingWatch&) = delete;
    MendingWatch& operator=(const MendingWatch&) = delete;

    /// After a trial that failed.
    [[nodiscard]] static Duration next_pause(Duration pause);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace rbees::orcd
