#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "cli/session.hpp"
#include "commands/details.hpp"
#include "commands/handlers.hpp"
#include "house/log_view.hpp"
#include "house/processes.hpp"
#include "house/starting.hpp"
#include "house/stopping.hpp"
#include "rbees/contracts/operations.hpp"

namespace rbees::ctl {
namespace {

constexpr std::size_t log_lines = 100;
constexpr Duration log_interval = std::chrono::milliseconds(250);

Outcome start(Session& session) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto started = start_house(session, std::nullopt);
    if (!started) return std::unexpected(started.error());
    if (!started->note.empty()) session.console().note(started->note);
    const bool is_new = started->kind == StartKind::started;
    const auto* sentence = is_new ? "rbees-orcd listens on" : "rbees-orcd was running already, on";
    session.console().answer(
        boost::json::object{{"url", started->url}, {"outcome", is_new ? "started" : "already_running"}},
        fmt::format("{} {}\n", sentence, started->url));
    session.remark_elsewhere(started->url);
    return ExitCode::ok;
}

void print_log_line(Session& session, const std::string& line) {
    auto& console = session.console();
    console.print((session.is_json() ? line : render_log_line(line, console.out().colour)) + "\n");
}

/// Shows what is added until Ctrl-C, which is how following ends: nothing went wrong then.
Outcome follow(Session& session, LogFollower follower) {
    while (true) {
        for (const auto& line : follower.new_lines()) {
            print_log_line(session, line);
        }
        const auto waited = session.loop().wait(log_interval);
        if (!waited) return std::unexpected(waited.error());
    }
}

}  // namespace

Outcome run_orchestrator_start(Session& session, const Arguments& /*arguments*/) {
    return start(session);
}

Outcome run_orchestrator_stop(Session& session, const Arguments& /*arguments*/) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto stopped = stop_house(session, StopScope::daemons);
    if (!stopped) return std::unexpected(stopped.error());
    if (stopped->ended.empty()) {
        session.console().note("rbees-orcd was not running");
        return ExitCode::ok;
    }
    session.console().print(fmt::format("stopped: {}\n", fmt::join(stopped->ended, ", ")));
    session.console().note("workers go on, and are taken over at the next start; `rbees down` stops them too");
    return ExitCode::ok;
}

Outcome run_orchestrator_restart(Session& session, const Arguments& /*arguments*/) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    if (const auto config = session.config(); !config) return std::unexpected(config.error());  // before anything stops
    if (const auto stopped = stop_house(session, StopScope::daemons); !stopped) return std::unexpected(stopped.error());
    return start(session);
}

Outcome run_orchestrator_status(Session& session, const Arguments& /*arguments*/) {
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto version = (*api)->get<contracts::Version>("/v2/version");
    if (!version) return std::unexpected(version.error());
    const auto ready = (*api)->exchange((*api)->request("GET", "/ready"));
    if (!ready) return std::unexpected(ready.error());
    const auto readiness = reflect::from_json_text<contracts::Readiness>(ready->body);

    boost::json::object shown{{"url", (*api)->address().url}, {"version", version->version}};
    const auto process = read_process(home->orcd_process(), orcd_name);
    if (is_running(process) && process->url == (*api)->address().url) shown.emplace("pid", process->identity.pid);
    shown.emplace("ready", ready->status == 200);
    if (readiness) {
        shown.emplace("reasons", reflect::to_json(readiness->reasons));
        if (readiness->degraded) shown.emplace("degraded", reflect::to_json(*readiness->degraded));
        shown.emplace("nodes", readiness->nodes);
        shown.emplace("workers", readiness->workers);
    }
    auto& console = session.console();
    console.answer(shown, render_details(shown, console.out().colour));
    return ready->status == 200 ? ExitCode::ok : ExitCode::failed;
}

Outcome run_orchestrator_health(Session& session, const Arguments& /*arguments*/) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto health = (*api)->get<contracts::Health>("/health");
    if (!health) return std::unexpected(health.error());
    session.console().answer(reflect::to_json(*health), health->status + "\n");
    return health->status == "healthy" ? ExitCode::ok : ExitCode::failed;
}

Outcome run_orchestrator_logs(Session& session, const Arguments& arguments) {
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    const auto file = home->logs / "orcd.log";
    const auto count = arguments.whole_number("--lines").value_or(log_lines);
    LogFollower follower(file);  // before the last lines are read: a line may come twice, but none is lost
    const auto lines = last_lines(file, static_cast<std::size_t>(count));
    if (!lines && !arguments.has("--follow")) {
        return failed(lines.error().message, "rbees-orcd writes it when it runs: rbees up");
    }
    for (const auto& line : lines.value_or(std::vector<std::string>{})) {
        print_log_line(session, line);
    }
    return arguments.has("--follow") ? follow(session, std::move(follower)) : Outcome(ExitCode::ok);
}

}  // namespace rbees::ctl
