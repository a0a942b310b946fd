#include "supervisor.hpp"

#include <fmt/format.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rbees/base/files.hpp"
#include "rbees/daemon/process_file.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/executable.hpp"
#include "rbees/process/exit_watch.hpp"
#include "rbees/process/signals.hpp"
#include "rbees/process/spawn.hpp"
#include "restart_policy.hpp"

namespace rbees::orcd {
namespace {

/// What a child may take to stop beyond the grace that its work has (`shutdown.grace`), before it is killed.
constexpr Duration stop_margin = std::chrono::seconds(10);

/// One daemon under supervision.
struct Child {
    std::string name;
    process::SpawnPlan plan;
    std::filesystem::path down_file;
    RestartPolicy policy;
    std::optional<process::ExitWatch> watch;
};

class Supervisor {
  public:
    Supervisor(net::IoContext& io, std::vector<Child> children, Duration stop_patience, Logger log)
        : io_(io), children_(std::move(children)), stop_patience_(stop_patience), log_(std::move(log)), deadline_(io) {}

    void start() {
        for (auto& child : children_) {
            start(child);
        }
    }

    /// Asks the children to end, one after the other in the order of their start: rbees-orcd finishes what it answers
    /// while its workers are still there. `ended` is called when the last one has ended.
    void stop(std::function<void()> ended) {
        if (ended_) return;
        ended_ = std::move(ended);
        stop_next();
    }

    void kill_all() {
        for (auto& child : children_) {
            if (child.watch) log_if_failed(child, child.watch->process().kill());
        }
    }

  private:
    void start(Child& child) {
        child.policy.started(BootClock::now());
        auto started = process::spawn(child.plan);
        if (!started) return stay_down(child, describe(started.error()));
        log_.info("started", {{"process", child.name}, {"pid", started->pid()}});
        std::error_code ignored;  // it is gone already, as it should be
        std::filesystem::remove(child.down_file, ignored);
        auto watch = process::ExitWatch::start(io_, std::move(*started),
                                               [this, &child](process::ExitStatus status) { ended(child, status); });
        if (!watch) return stay_down(child, describe(watch.error()));
        child.watch = std::move(*watch);
    }

    void ended(Child& child, process::ExitStatus status) {
        child.watch.reset();
        if (ended_) return stop_next();
        const auto how = process::describe(status);
        if (status.kind == process::ExitStatus::Kind::exited && status.number == 0) {
            return log_.info("ended as asked", {{"process", child.name}});
        }
        log_.warning("died", {{"process", child.name}, {"how", how}});
        if (!child.policy.may_restart(BootClock::now())) return stay_down(child, how);
        start(child);
    }

    void stay_down(Child& child, const std::string& why) {
        const auto text = fmt::format("{} was started {} times in {} and stays down; last: {}", child.name,
                                      RestartPolicy::starts_max, rbees::describe(RestartPolicy::window), why);
        log_.error(text);
        if (auto written = write_file_atomically(child.down_file, text + "\n", FileAccess::owner_only); !written) {
            log_.error(written.error().message);
        }
    }

    void log_if_failed(const Child& child, const Result<void>& result) {
        if (!result) log_.error("cannot signal", {{"process", child.name}, {"why", result.error().message}});
    }

    void stop_next() {
        for (auto& child : children_) {
            if (child.watch) return stop(child);
        }
        deadline_.cancel();
        ended_();
    }

    void stop(Child& child) {
        log_if_failed(child, child.watch->process().terminate());
        deadline_.expires_after(stop_patience_);
        deadline_.async_wait([this, &child](const boost::system::error_code& error) {
            if (!error && child.watch) log_if_failed(child, child.watch->process().kill());
        });
    }

    net::IoContext& io_;
    std::vector<Child> children_;  ///< fixed after construction: watches refer to them
    Duration stop_patience_;       ///< for each child
    Logger log_;
    boost::asio::basic_waitable_timer<BootClock> deadline_;
    std::function<void()> ended_;
};

Child child_of(const Settings& settings, const std::filesystem::path& folder, std::string name,
               std::vector<std::string> arguments) {
    process::SpawnPlan plan;
    plan.program = folder / name;
    plan.arguments = std::move(arguments);
    plan.arguments.insert(plan.arguments.end(), settings.pass_on.begin(), settings.pass_on.end());
    const auto log_name = name == "rbees-orcd" ? "orcd.log" : "pool.log";
    plan.log_file = settings.home.logs / log_name;
    auto down_file = settings.home.state / (name + ".down");
    return {
        .name = std::move(name), .plan = std::move(plan), .down_file = std::move(down_file), .policy = {}, .watch = {}};
}

ExitCode fail_with(const Failure& failure) {
    std::fprintf(stderr, "rbees-orcd: %s\n", describe(failure).c_str());
    return ExitCode::failed;
}

}  // namespace

ExitCode run_supervisor(const Settings& settings, const Logger& log) {
    for (const auto& folder : {settings.home.state, settings.home.logs, settings.home.run}) {
        if (auto made = make_private_folder(folder); !made) return fail_with(made.error());
    }
    auto lock = FileLock::acquire(settings.home.run / "supervisor.lock");
    if (!lock) return fail_with({"this home has a supervisor already: " + lock.error().message, "rbees status"});
    const auto folder = process::executable_folder();
    if (!folder) return fail_with(folder.error());

    net::IoContext io(1);
    std::vector<Child> children;
    children.push_back(child_of(settings, *folder, "rbees-orcd", {"--listen", settings.listen_text}));
    children.push_back(child_of(settings, *folder, "pool-managerd", {}));
    Supervisor supervisor(io, std::move(children), settings.shutdown_grace + stop_margin, log.module("supervisor"));
    auto file = daemon::ProcessFile::write(settings.home.supervisor_process(), "rbees-supervisor", std::nullopt);
    if (!file) return fail_with(file.error());
    std::optional<process::SignalWatch> signals;
    signals.emplace(io, process::SignalReactions{.drain = [&] { supervisor.stop([&] { signals.reset(); }); },
                                                 .stop_now = [&] { supervisor.kill_all(); },
                                                 .hang_up = {}});
    supervisor.start();
    io.run();
    return ExitCode::ok;
}

}  // namespace rbees::orcd
