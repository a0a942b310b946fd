#include "house/stopping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "house/home_lock.hpp"
#include "rbees/base/files.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/net/message.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""s;

constexpr Duration kill_time = 5s;  ///< for the kernel to take away a killed process

enum class End : std::uint8_t { by_itself, killed };

/// Waits for the end of the process, then kills it at the deadline.
Result<End> await_end(process::Process& process, Instant deadline) {
    const auto left = std::max(Duration(0), deadline - BootClock::now());
    if (process.wait_for(left)) return End::by_itself;
    if (auto sent = process.kill(); !sent) return std::unexpected(sent.error());
    if (process.wait_for(kill_time)) return End::killed;
    return fail(fmt::format("process {} does not end, even killed", process.pid()),
                "it hangs in the kernel, perhaps on a disk or network file system");
}

/// Asks the pool manager to end with its workers. False where it does not hear us; then signals must do.
bool ask_pool_to_stop(Session& session, const Home& home, const HouseProcess& pool) {
    const auto token = read_first_line(home.call_token());
    if (!token || !pool.url || !net::parse_url(*pool.url)) return false;
    Api api(session.loop(), {.url = *pool.url, .token = *token});
    const contracts::ShutdownPool order{.workers = contracts::WorkersAtExit::stop};
    return api.call("POST", "/v2/shutdown", reflect::to_json_text(order)).has_value();
}

/// Waits for the end of all that run of `names`, asking them by SIGTERM first, and notes how each ended.
class Sweep {
  public:
    enum class Signal : bool { none, terminate };

    explicit Sweep(const Home& home) : home_(home) {}

    Checked<void> end(const char* name, Signal signal, Instant deadline) {
        for (const auto& process : find_processes(home_)) {
            if (process.name != name) continue;
            auto held = open(process);
            if (!held) continue;
            if (signal == Signal::terminate) {
                if (auto sent = held->terminate(); !sent) return failed(sent.error());
            }
            const auto end = await_end(*held, deadline);
            if (!end) return failed(end.error());
            if (*end == End::by_itself) continue;
            killed_.push_back(process.name);
            std::error_code error;
            std::filesystem::remove(process.file, error);  // it could not do that itself
        }
        return {};
    }

    [[nodiscard]] const std::vector<std::string>& killed() const { return killed_; }

  private:
    const Home& home_;
    std::vector<std::string> killed_;
};

/// Those that ran before and do not any more: some end with others, so what was signalled would say too little.
std::vector<std::string> ended_of(const std::vector<HouseProcess>& before) {
    std::vector<std::string> names;
    for (const auto& process : before) {
        if (process.state == ProcessState::running && !open(process)) names.push_back(process.name);
    }
    return names;
}

/// The pool manager ends its workers, while rbees-orcd still takes their results. The supervisor would start it again,
/// if `stop_house` did not hold the stop lock.
Checked<void> end_pool(Session& session, const Home& home, Sweep& sweep, Instant deadline) {
    const auto pool = read_process(home.pool_process(), pool_name);
    if (!is_running(pool) || !ask_pool_to_stop(session, home, *pool)) return {};
    return sweep.end(pool_name, Sweep::Signal::none, deadline);
}

}  // namespace

Result<void> end_process(const HouseProcess& process, Instant deadline) {
    auto held = open(process);
    if (!held) return {};
    if (auto sent = held->terminate(); !sent) return sent;
    const auto end = await_end(*held, deadline);
    if (!end) return std::unexpected(end.error());
    return {};
}

Checked<Stopped> stop_house(Session& session, StopScope scope) {
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    const auto processes = find_processes(*home);
    const auto runs = [](const HouseProcess& process) { return process.state == ProcessState::running; };
    if (std::ranges::none_of(processes, runs)) return Stopped{};
    const auto limit = session.timeout().value_or(stop_time);
    const auto lock = lock_home(session, *home, limit);
    if (!lock) return std::unexpected(lock.error());

    const auto now = BootClock::now();
    Sweep sweep(*home);
    std::vector<const char*> names{supervisor_name, orcd_name, pool_name};
    std::optional<FileLock> nothing_starts;
    if (scope == StopScope::everything) {
        auto held = wait_for_lock(session, home->stop_lock(), limit);  // the supervisor looks at it for a moment, too
        if (!held) return std::unexpected(held.error());
        nothing_starts = std::move(*held);
        const auto most = now + limit / 4 * 3;  // what is left is for the others to end in order
        if (auto ended = end_pool(session, *home, sweep, most); !ended) return std::unexpected(ended.error());
        names.push_back(worker_name);
    }
    for (const auto* name : names) {
        if (auto ended = sweep.end(name, Sweep::Signal::terminate, now + limit); !ended) {
            return std::unexpected(ended.error());
        }
    }
    return Stopped{.ended = ended_of(processes), .killed = sweep.killed()};
}

}  // namespace rbees::ctl
