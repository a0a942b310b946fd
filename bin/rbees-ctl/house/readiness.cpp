#include "house/readiness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "house/log_view.hpp"
#include "house/processes.hpp"
#include "house/starting.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr Duration look_interval = 50ms;
constexpr Duration dead_time = 3s;  ///< a daemon that stays dead as long is not about to be restarted
constexpr std::size_t shown_lines = 10;

struct Daemon {
    const char* name;
    std::filesystem::path file;
    std::filesystem::path log;
};

std::vector<Daemon> daemons_of(const Home& home) {
    return {{orcd_name, home.orcd_process(), home.logs / "orcd.log"},
            {pool_name, home.pool_process(), home.logs / "pool.log"}};
}

/// The error of a daemon that died, with what it said last.
CliError died(Session& session, const Daemon& daemon) {
    const auto lines = last_lines(daemon.log, shown_lines).value_or(std::vector<std::string>{});
    for (const auto& line : lines) {
        session.console().warn(render_log_line(line, session.console().err().colour));
    }
    return {ExitCode::failed,
            fmt::format("{} died while it started", daemon.name),
            fmt::format("its log is {}", daemon.log.native()),
            "START_FAILED",
            {}};
}

CliError late(const Home& home, std::string_view lacking) {
    return {ExitCode::timed_out,
            fmt::format("the daemons did not get ready in time: {}", lacking),
            fmt::format("look into {}", home.logs.native()),
            "START_TIMEOUT",
            {}};
}

/// Notices a daemon that the supervisor gave up, or whose process file names a process that is gone, and stays so.
class DeathWatch {
  public:
    std::optional<Daemon> look(const Home& home, Instant now) {
        for (auto& daemon : daemons_of(home)) {
            if (read_down_note(home, daemon.name)) return daemon;
            const auto process = read_process(daemon.file, daemon.name);
            if (!process || is_running(process)) {
                dead_since_.erase(daemon.name);
                continue;
            }
            const auto since = dead_since_.try_emplace(daemon.name, now).first->second;
            if (since + dead_time <= now) return daemon;
        }
        return std::nullopt;
    }

  private:
    std::map<std::string, Instant> dead_since_;
};

/// What is still missing, in words; empty when everything is ready.
Checked<std::string> missing(Session& session) {
    session.forget_api();  // the address may have been written down since
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto health = (*api)->get<contracts::Health>("/health");
    if (!health) {
        if (health.error().exit == ExitCode::interrupted) return std::unexpected(health.error());
        return "rbees-orcd does not answer yet";
    }
    const auto nodes = (*api)->get<std::vector<contracts::NodeView>>("/v2/nodes");
    if (!nodes) {
        if (nodes.error().exit == ExitCode::not_authorized) return std::unexpected(nodes.error());
        return nodes.error().message;
    }
    const bool has_pool = std::ranges::any_of(*nodes, [](const contracts::NodeView& node) {
        return node.kind == contracts::NodeKind::pool && node.state == contracts::NodeState::ready;
    });
    return has_pool ? "" : "no pool manager has registered yet";
}

}  // namespace

Checked<void> wait_until_ready(Session& session, const Home& home, process::Process& supervisor) {
    const auto deadline = BootClock::now() + start_time;
    DeathWatch deaths;
    auto progress = session.console().progress();
    while (true) {
        const auto lacking = missing(session);
        if (!lacking) return std::unexpected(lacking.error());
        if (lacking->empty()) return {};
        const auto now = BootClock::now();
        auto dead = deaths.look(home, now);
        if (supervisor.try_wait())
            dead = Daemon{supervisor_name, home.supervisor_process(), home.logs / "supervisor.log"};
        if (dead) {
            progress.clear();
            return std::unexpected(died(session, *dead));
        }
        if (deadline < now) return std::unexpected(late(home, *lacking));
        progress.show("starting: " + *lacking, now);
        if (auto waited = session.loop().wait(look_interval); !waited) return waited;
    }
}

}  // namespace rbees::ctl
