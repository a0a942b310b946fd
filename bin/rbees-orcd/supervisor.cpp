#include "supervisor.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orcd_limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/daemon/process_file.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/executable.hpp"
#include "rbees/process/signals.hpp"
#include "supervision.hpp"

namespace rbees::orcd {
namespace {

Child child_of(const Settings& settings, const std::filesystem::path& folder, std::string name,
               std::vector<std::string> arguments) {
    process::SpawnPlan plan;
    plan.program = folder / name;
    plan.arguments = std::move(arguments);
    plan.arguments.insert(plan.arguments.end(), settings.pass_on.begin(), settings.pass_on.end());
    const auto log_name = name == "rbees-orcd" ? "orcd.log" : "pool.log";
    plan.log_file = settings.home.logs / log_name;
    plan.environment = {{"RBEES_TOKEN", std::nullopt}};  // a client's
    auto down_file = settings.home.state / (name + ".down");
    return {.name = std::move(name), .plan = std::move(plan), .down_file = std::move(down_file)};
}

std::vector<Child> children_of(const Settings& settings, const std::filesystem::path& folder) {
    std::vector<Child> children;
    children.push_back(child_of(settings, folder, "rbees-orcd", {"--listen", settings.listen_text}));
    children.push_back(child_of(settings, folder, "pool-managerd", {}));
    return children;
}

SupervisionRules rules_of(const Settings& settings) {
    return {.stop_patience = settings.shutdown_grace + limits::stop_margin,
            .retry_pause = limits::retry_pause,
            .is_paused = [lock = settings.home.stop_lock()] { return FileLock::is_held(lock); }};
}

}  // namespace

ExitCode run_supervisor(const Settings& settings, const Logger& log) {
    if (auto made = make_home_folders(settings.home); !made) return daemon::fail("rbees-orcd", made.error());
    auto lock = FileLock::acquire(settings.home.run / "supervisor.lock");
    if (!lock)
        return daemon::fail("rbees-orcd",
                            {"this home has a supervisor already: " + lock.error().message, "rbees status"});
    const auto folder = process::executable_folder();
    if (!folder) return daemon::fail("rbees-orcd", folder.error());

    net::IoContext io(1);
    Supervision supervision(io, children_of(settings, *folder), rules_of(settings), log.module("supervisor"));
    // Before anybody can find us: an unexpected SIGHUP would end the process.
    std::optional<process::SignalWatch> signals;
    signals.emplace(io, process::SignalReactions{.drain = [&] { supervision.stop([&] { signals.reset(); }); },
                                                 .stop_now = [&] { supervision.kill_all(); },
                                                 .hang_up = [&] { supervision.start(); }});
    auto file = daemon::ProcessFile::write(settings.home.supervisor_process(), "rbees-supervisor", std::nullopt);
    if (!file) return daemon::fail("rbees-orcd", file.error());
    supervision.start();
    io.run();
    return ExitCode::ok;
}

}  // namespace rbees::orcd
