#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/class.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "cli/session.hpp"
#include "commands/handlers.hpp"
#include "house/preparation.hpp"
#include "house/processes.hpp"
#include "house/stopping.hpp"
#include "rbees/reflect/describe.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::ctl {

/// What `rbees down --json` says.
struct StoppedShown {
    std::vector<std::string> stopped;
    std::vector<std::string> killed;
};
BOOST_DESCRIBE_STRUCT(StoppedShown, (), (stopped, killed))

namespace {

/// The entries of `rbees status --json`; scripts rely on the shape.
boost::json::object to_json(const std::string& url, const Home& home, const std::vector<HouseProcess>& processes) {
    boost::json::array entries;
    for (const auto& process : processes) {
        boost::json::object entry{{"name", process.name},
                                  {"pid", process.identity.pid},
                                  {"state", boost::json::string(reflect::name_of(process.state))}};
        entry.emplace("url",
                      process.url ? boost::json::value(boost::json::string(*process.url)) : boost::json::value());
        entries.push_back(std::move(entry));
    }
    return {{"url", url},
            {"socket", nullptr},
            {"token_file", home.admin_token().native()},
            {"processes", std::move(entries)}};
}

Table to_table(const std::vector<HouseProcess>& processes) {
    Table table{.heading = {"NAME", "PID", "STATE", "URL"}, .rows = {}};
    for (const auto& process : processes) {
        const bool runs = process.state == ProcessState::running;
        table.rows.push_back({process.name, std::to_string(process.identity.pid),
                              Cell(reflect::name_of(process.state), runs ? Tone::good : Tone::bad),
                              process.url.value_or("")});
    }
    return table;
}

bool runs(const std::vector<HouseProcess>& processes, const char* name) {
    return std::ranges::any_of(
        processes, [&](const auto& process) { return process.name == name && process.state == ProcessState::running; });
}

/// Why a daemon does not run, and what to do.
CliError not_running(const Home& home, const std::vector<HouseProcess>& processes, const char* name) {
    if (!was_ever_started(home)) return never_started(home);
    if (!runs(processes, supervisor_name)) {
        return {ExitCode::failed, "rbees is not running", "start it with: rbees up", "NOT_RUNNING", {}};
    }
    if (const auto given_up = read_down_note(home, name)) {
        return {ExitCode::failed,
                *given_up,
                fmt::format("its log is under {}; mend it, then start it with: rbees up", home.logs.native()),
                "NOT_RUNNING",
                {}};
    }
    return {ExitCode::failed,
            fmt::format("{} is down; the supervisor is starting it again", name),
            "look again in a moment",
            "NOT_RUNNING",
            {}};
}

/// What a person should know although rbees-orcd runs; nothing when all is well.
void remark(Console& console, const Home& home, const std::vector<HouseProcess>& processes) {
    if (!runs(processes, supervisor_name)) {
        console.note("nobody would restart what dies: the supervisor is gone; `rbees up` brings it back");
    } else if (!runs(processes, pool_name)) {
        const auto why = not_running(home, processes, pool_name);
        console.note(fmt::format("{}; {}", why.message, why.hint));
    }
}

}  // namespace

Outcome run_status(Session& session, const Arguments& /*arguments*/) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto processes = find_processes(*home);
    const auto& url = (*api)->address().url;
    const bool is_up = runs(processes, orcd_name);
    auto& console = session.console();
    session.remark_elsewhere(url);
    if (session.is_json()) {
        console.print_json(to_json(url, *home, processes));
        return is_up ? ExitCode::ok : ExitCode::failed;
    }
    if (!processes.empty()) console.print(to_table(processes));
    if (!is_up) return std::unexpected(not_running(*home, processes, orcd_name));
    console.print(fmt::format("\naddress     {}\ntoken file  {}\n", url, home->admin_token().native()));
    remark(console, *home, processes);
    return ExitCode::ok;
}

Outcome run_down(Session& session, const Arguments& /*arguments*/) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto stopped = stop_house(session, StopScope::everything);
    if (!stopped) return std::unexpected(stopped.error());
    auto& console = session.console();
    if (session.is_json()) {
        console.print_json(reflect::to_json(StoppedShown{stopped->ended, stopped->killed}));
        return ExitCode::ok;
    }
    if (stopped->ended.empty()) {
        console.note("rbees was not running");
        return ExitCode::ok;
    }
    console.print(fmt::format("stopped: {}\n", fmt::join(stopped->ended, ", ")));
    if (!stopped->killed.empty()) {
        console.warn(fmt::format("had to be killed, because it took too long: {}", fmt::join(stopped->killed, ", ")));
    }
    return ExitCode::ok;
}

}  // namespace rbees::ctl
