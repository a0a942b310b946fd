#include "workers/adoption.hpp"

#include <utility>

#include "limits.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::poold {

net::Task<std::optional<RecognizedWorker>> recognize_worker(net::Client& client, WorkerRecord record,
                                                            Instant deadline) {
    if (has_ended(record)) co_return std::nullopt;
    const WorkerAddress address{record.port, record.secret};
    auto health = co_await ask_health(client, address);
    while (!health && health.error() == WorkerSilence::nobody && BootClock::now() < deadline && !has_ended(record)) {
        co_await net::wait_for(limits::adoption_pause);
        health = co_await ask_health(client, address);
    }
    auto process = process::open_if_same(record.identity());
    const bool is_late = !health && health.error() == WorkerSilence::late;
    if ((!health && !is_late) || !process || !*process) co_return std::nullopt;
    crash_point(CrashPoint::during_adoption);
    co_return RecognizedWorker{std::move(**process), is_late ? Proof::late : Proof::given};
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
