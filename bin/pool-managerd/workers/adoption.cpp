#include "workers/adoption.hpp"

#include <utility>

#include "limits.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::poold {

net::Task<std::optional<process::Process>> prove_worker(net::Client& client, WorkerRecord record, Instant deadline) {
    const WorkerAddress address{record.port, record.secret};
    auto health = co_await ask_health(client, address);
    while (!health && health.error() != WorkerSilence::foreign && BootClock::now() < deadline && !has_ended(record)) {
        co_await net::wait_for(limits::adoption_pause);
        health = co_await ask_health(client, address);
    }
    auto process = process::open_if_same(record.identity());
    if (!health || !process || !*process) co_return std::nullopt;
    crash_point(CrashPoint::during_adoption);
    co_return std::move(*process);
}

bool has_ended(const WorkerRecord& record) {
    const auto process = process::open_if_same(record.identity());
    return process && !*process;
}

net::Task<std::optional<WorkerNews>> ask_news(net::Client& client, WorkerAddress worker) {
    auto health = co_await ask_health(client, worker);
    if (!health) co_return std::nullopt;
    WorkerNews news{.health = std::move(*health), .capabilities = std::nullopt};
    if (news.health.status == "loading") co_return news;
    auto capabilities = co_await ask_capabilities(client, std::move(worker));
    if (capabilities) news.capabilities = std::move(*capabilities);
    co_return news;
}

}  // namespace rbees::poold
