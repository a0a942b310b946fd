#pragma once
/// @file
/// Keeping daemons running. What the supervisor does all day, apart from which daemons these are, so that a test can
/// give it children of its own.

#include <boost/asio/basic_waitable_timer.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/exit_watch.hpp"
#include "rbees/process/spawn.hpp"
#include "restart_policy.hpp"

namespace rbees::orcd {

/// One daemon under supervision.
struct Child {
    std::string name;
    process::SpawnPlan plan;
    std::filesystem::path down_file;  ///< says why it was given up; absent while it was not
};

struct SupervisionRules {
    Duration stop_patience{};         ///< for each child to end when it is asked; then it is killed
    Duration retry_pause{};           ///< before the next try to start what could not be started
    std::function<bool()> is_paused;  ///< while this is true nothing is started; asked again after `retry_pause`
};

/// Starts its children and starts each one again that ends before `stop`, whatever its exit code: a daemon that
/// somebody asked to end is as missing as one that crashed. One that does not stay up (restart_policy.hpp) is given up,
/// which its `down_file` says.
///
/// Used on the loop's thread, destroyed before the loop.
class Supervision {
  public:
    Supervision(net::IoContext& io, std::vector<Child> children, SupervisionRules rules, Logger log);

    /// Starts what does not run, also what was given up. Does nothing after `stop`.
    void start();

    /// Asks the children to end, one after the other in their order: rbees-orcd finishes what it answers while its
    /// workers' manager is still there. `ended` is called when the last one has ended.
    void stop(std::function<void()> ended);

    /// Kills all that run.
    void kill_all();

  private:
    /// A child, and how it goes.
    struct Watched {
        Watched(net::IoContext& io, Child child_) : child(std::move(child_)), retry(io) {}

        Child child;
        RestartPolicy policy;
        std::optional<process::ExitWatch> watch;  ///< while it runs
        boost::asio::basic_waitable_timer<BootClock> retry;
        bool is_asked_to_end = false;
    };

    void start(Watched& watched);
    [[nodiscard]] Result<void> try_start(Watched& watched);
    void start_later(Watched& watched);
    void ended(Watched& watched, process::ExitStatus status);
    void give_up(Watched& watched, const std::string& why);
    void stop_next();
    void ask_to_end(Watched& watched);
    void log_if_failed(const Watched& watched, const Result<void>& result);

    net::IoContext& io_;
    std::deque<Watched> children_;  ///< fixed after construction: watches and timers refer to them
    SupervisionRules rules_;
    Logger log_;
    boost::asio::basic_waitable_timer<BootClock> deadline_;
    std::function<void()> ended_;
};

}  // namespace rbees::orcd
