#include "house/starting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "house/home_lock.hpp"
#include "house/kept.hpp"
#include "house/listener.hpp"
#include "house/preparation.hpp"
#include "house/processes.hpp"
#include "house/readiness.hpp"
#include "house/stopping.hpp"
#include "rbees/process/spawn.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""s;

constexpr Duration leftover_time = 15s;  ///< for a daemon without a supervisor to end

/// Daemons whose supervisor is gone: nobody would restart them, so they make room for supervised ones.
Checked<void> end_leftovers(const Home& home) {
    for (const auto& file : {home.orcd_process(), home.pool_process()}) {
        const auto process = read_process(file, file.stem());
        if (!is_running(process)) continue;
        if (auto ended = end_process(*process, BootClock::now() + leftover_time); !ended) return failed(ended.error());
    }
    return {};
}

process::SpawnPlan supervisor_plan(const Session& session, const Home& home, const std::string& listen) {
    process::SpawnPlan plan{.program = session.surroundings().programs / "rbees-orcd",
                            .arguments = {"--supervise", "--listen", listen},
                            .environment = {{"RBEES_TOKEN", std::nullopt}},  // a client's
                            .log_file = home.logs / "supervisor.log",
                            .files = {},
                            .working_folder = {},
                            .session = process::Session::own};
    if (session.home_flag()) plan.arguments.insert(plan.arguments.end(), {"--home", *session.home_flag()});
    if (home.config_instead) {
        plan.arguments.insert(plan.arguments.end(), {"--config", home.config_instead->native()});
    }
    return plan;
}

Checked<ListenerChoice> listener_for(Session& session, const Home& home, const std::optional<std::string>& listen) {
    const auto config = session.config();
    if (!config) return std::unexpected(config.error());
    const auto& values = config->values();
    const auto option =
        std::ranges::find(values, "listen", [](const auto& each) { return std::string_view(each.first); });
    return choose_listener(listen, read_kept(home), option->second);
}

Checked<void> keep(const Home& home, const ListenerChoice& choice) {
    auto kept = read_kept(home);
    kept.listen = choice.keep;
    if (auto written = write_kept(home, kept); !written) return failed(written.error());
    return {};
}

/// Whether another address is wished than the one that the supervisor gives to rbees-orcd.
Checked<void> refuse_other_address(const std::optional<std::string>& listen, const std::string& url) {
    if (!listen || listen->ends_with(":0") || url_of_listener(*listen) == url) return {};
    return failed(fmt::format("rbees already listens on {}", url), "stop it first: rbees down");
}

/// Notes of daemons that were given up before.
void forget_given_up(const Home& home) {
    for (const auto* name : {orcd_name, pool_name}) {
        std::error_code error;
        std::filesystem::remove(down_file(home, name), error);
    }
}

/// A start that failed leaves nothing running. One that somebody did not wait for may still succeed, so it goes on.
void take_back(Session& session, process::Process& supervisor, const CliError& why) {
    if (why.exit == ExitCode::interrupted) {
        return session.console().note("the daemons go on starting; `rbees status` shows them, `rbees down` stops them");
    }
    if (!supervisor.terminate()) return;
    if (!supervisor.wait_for(leftover_time)) (void)supervisor.kill();
}

Checked<Started> start_supervisor(Session& session, const Home& home, const std::optional<std::string>& listen) {
    if (auto ended = end_leftovers(home); !ended) return std::unexpected(ended.error());
    const auto choice = listener_for(session, home, listen);
    if (!choice) return std::unexpected(choice.error());
    if (auto written = keep(home, *choice); !written) return std::unexpected(written.error());
    forget_given_up(home);
    auto supervisor = process::spawn(supervisor_plan(session, home, choice->listen));
    if (!supervisor) return failed(supervisor.error());
    session.forget_api();
    if (auto ready = wait_until_ready(session, home, *supervisor); !ready) {
        take_back(session, *supervisor, ready.error());
        return std::unexpected(ready.error());
    }
    return Started{StartKind::started, url_of_listener(choice->listen), choice->note};
}

/// A supervisor is there: it starts what does not run, also what it had given up.
Checked<Started> start_missing(Session& session, const Home& home, process::Process& supervisor,
                               const std::optional<std::string>& listen) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    if (auto same = refuse_other_address(listen, (*api)->address().url); !same) return std::unexpected(same.error());
    forget_given_up(home);
    if (auto told = supervisor.hang_up(); !told) return failed(told.error());
    if (auto ready = wait_until_ready(session, home, supervisor); !ready) return std::unexpected(ready.error());
    const auto now = session.api();
    if (!now) return std::unexpected(now.error());
    const auto& url = (*now)->address().url;  // the supervisor's own, where nobody had written it down before
    if (auto same = refuse_other_address(listen, url); !same) return std::unexpected(same.error());
    return Started{StartKind::already_running, url, {}};
}

}  // namespace

Checked<Started> start_house(Session& session, const std::optional<std::string>& listen) {
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    if (auto prepared = prepare_home(*home); !prepared) return failed(prepared.error());
    const auto lock = lock_home(session, *home, start_time);
    if (!lock) return std::unexpected(lock.error());

    const auto supervisor = read_process(home->supervisor_process(), supervisor_name);
    auto held = is_running(supervisor) ? open(*supervisor) : std::nullopt;
    return held ? start_missing(session, *home, *held, listen) : start_supervisor(session, *home, listen);
}

}  // namespace rbees::ctl
