#include "workers/worker_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <iterator>

#include "limits.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/pool_core/early_stops.hpp"
#include "workers/adoption.hpp"
#include "workers/refusals.hpp"
#include "workers/strangers.hpp"
#include "workers/worker_client.hpp"
#include "workers/worker_logs.hpp"

namespace rbees::poold {
namespace {

namespace asio = boost::asio;
using contracts::ErrorCode;
using contracts::Problem;
using contracts::WorkerReport;
using Live = std::shared_ptr<LiveWorker>;

}  // namespace

class WorkerPool::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    explicit Implementation(WorkerPoolParts parts)
        : parts_(std::move(parts)), records_(parts_.settings.records), tick_(parts_.io), none_left_(parts_.io) {}

    void set_callback(std::string url, std::set<std::uint16_t> other_ports) {
        callback_url_ = std::move(url);
        other_ports_ = std::move(other_ports);
    }

    std::expected<contracts::SpawnAnswer, Problem> spawn(const contracts::SpawnWorker& order) {
        auto worker = find(order.worker_id);
        if (strangers_.contains(order.worker_id)) return std::unexpected(still_runs());
        if (!worker && early_stops_.contains(order.worker_id)) return std::unexpected(stopped_before());
        if (!worker) {
            const auto devices = parts_.devices();
            auto prepared = prepare_worker(order, {parts_.store, parts_.settings, devices, workers_, other_ports_,
                                                   parts_.is_port_free, callback_url_});
            if (!prepared) return std::unexpected(prepared.error());
            worker = std::move(*prepared);
            workers_.push_back(worker);
        }
        handle(worker, pool::Spawn{});
        return contracts::SpawnAnswer{order.worker_id, pool::state_of(worker->life)};
    }

    std::expected<WorkerReport, Problem> stop(const WorkerId& id, std::optional<Duration> grace) {
        const auto worker = find(id);
        if (!worker) {
            if (is_valid_id(id.str())) early_stops_.note(id);
            return std::unexpected(unknown_worker(id));
        }
        handle(worker, pool::Stop{grace});
        return worker->report(Secrets::left_out);
    }

    std::expected<void, Problem> take_report(const contracts::WorkerReady& report) {
        const auto worker = find(report.worker_id);
        if (!worker) return std::unexpected(unknown_worker(report.worker_id));
        handle(worker, worker->hear(report));
        return {};
    }

    [[nodiscard]] std::optional<WorkerId> owner_of(std::string_view secret) const {
        return poold::owner_of(workers_, secret);
    }

    [[nodiscard]] Live find(const WorkerId& id) const { return find_worker(workers_, id); }

    [[nodiscard]] std::vector<WorkerReport> reports(Secrets secrets) const {
        std::vector<WorkerReport> reports;
        for (const auto& worker : workers_) {
            reports.push_back(worker->report(secrets));
        }
        std::ranges::copy(strangers_.reports(), std::back_inserter(reports));
        return reports;
    }

    [[nodiscard]] bool uses(const ModelId& model) const {
        return std::ranges::any_of(workers_, [&](const Live& each) {
            return each->record.model == model && !pool::is_over(each->life.phase);
        });
    }

    static net::Task<void> adopt(std::shared_ptr<Implementation> self) {
        const auto deadline = BootClock::now() + limits::adoption;
        for (const auto& record : self->records_.read_all()) {
            auto found = co_await recognize_worker(self->parts_.client, record, deadline);
            if (!found) {
                self->note_unproved(record);
                continue;
            }
            co_await take_up(self, record, std::move(*found));
        }
    }

    static net::Task<void> look_for_orphans(std::shared_ptr<Implementation> self) {
        for (const auto& gone : self->strangers_.take_gone()) {
            self->records_.remove(gone);
        }
        const auto is_other = co_await self->strangers_.look(self->parts_.client, running_ports(self->workers_),
                                                             self->parts_.settings.logs);
        if (is_other) self->parts_.changed();
    }

    void ask_after_workers() {
        for (const auto& worker : workers_) {
            if (worker->life.phase == pool::Phase::ready)
                asio::co_spawn(parts_.io, ask_after(shared_from_this(), worker), asio::detached);
        }
        for (const auto& record : strangers_.recorded()) {
            asio::co_spawn(parts_.io, ask_unproved(shared_from_this(), record), asio::detached);
        }
    }

    /// Whatever it says: a worker that speaks does not stand still. A question that could not be asked says nothing.
    static net::Task<void> ask_after(std::shared_ptr<Implementation> self, Live worker) {
        const auto within = self->parts_.settings.limits.silence / pool::unanswered_max;
        const auto health =
            co_await ask_health(self->parts_.client, {worker->record.port, worker->record.secret}, within);
        if (health || health.error() == WorkerSilence::foreign) co_return self->handle(worker, pool::Answered{});
        if (health.error() != WorkerSilence::late) co_return;
        self->parts_.log.warning("a worker gives no answer", {{"worker", worker->record.worker_id.str()}});
        self->handle(worker, pool::Silent{});
    }

    static net::Task<void> stop_all(std::shared_ptr<Implementation> self, Duration grace) {
        const auto workers = self->workers_;
        for (const auto& worker : workers) {
            if (!pool::is_over(worker->life.phase)) self->handle(worker, pool::Stop{grace});
        }
        while (running(self->workers_) > 0) {
            self->none_left_.expires_at(asio::steady_timer::time_point::max());
            boost::system::error_code error;
            co_await self->none_left_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }

  private:
    /// One command: decided, carried out, told.
    void handle(const Live& worker, const pool::WorkerCommand& command) {
        auto step = pool::advance(worker->life, command, BootClock::now());
        const auto before = pool::state_of(worker->life);
        const auto phase = worker->life.phase;
        worker->life = std::move(step.worker);
        for (const auto& [event, outcome] : countable(*worker, before, phase)) {
            parts_.count(event, outcome);
        }
        for (const auto effect : step.effects) {
            carry_out(worker, effect);
        }
        if (running(workers_) == 0) none_left_.cancel();
        schedule_tick();
    }

    void carry_out(const Live& worker, pool::WorkerEffect effect) {
        switch (effect) {
            case pool::WorkerEffect::launch:
                return launch_process(worker);
            case pool::WorkerEffect::relaunch:
                return launch_elsewhere(worker);
            case pool::WorkerEffect::ask_shutdown:
                asio::co_spawn(parts_.io, ask_to_stop(shared_from_this(), worker), asio::detached);
                return;
            case pool::WorkerEffect::terminate:
                if (worker->watch) static_cast<void>(worker->watch->process().terminate());
                return;
            case pool::WorkerEffect::kill:
                if (worker->watch) static_cast<void>(worker->watch->process().kill());
                return;
            case pool::WorkerEffect::forget_record:
                records_.remove(worker->record.worker_id);
                return forget_old(workers_, limits::finished_workers);
            case pool::WorkerEffect::report:
                log_state(parts_.log, *worker);
                return parts_.changed();
        }
    }

    void launch_process(const Live& worker) {
        auto spared = running_ids(workers_);
        strangers_.add_ids(spared);
        prune_logs(parts_.settings.logs, limits::worker_logs, spared);
        auto launched = launch(worker->order, records_);
        if (!launched) {
            return handle(worker, pool::LaunchFailed{{describe(launched.error()), ErrorCode::WORKER_START_FAILED}});
        }
        worker->record = std::move(launched->record);
        watch(worker, std::move(launched->process));
    }

    /// Its own port is among the taken ones still.
    void launch_elsewhere(const Live& worker) {
        const auto port = choose_port(workers_, other_ports_, parts_.is_port_free);
        if (!port) return handle(worker, pool::LaunchFailed{{no_port_left, ErrorCode::WORKER_START_FAILED}});
        parts_.log.warning(
            "the port of a worker was taken; it gets another one",
            {{"worker", worker->record.worker_id.str()}, {"taken", worker->record.port}, {"now", *port}});
        worker->order.record.port = *port;
        launch_process(worker);
    }

    void watch(const Live& worker, process::Process process) {
        auto started = process::ExitWatch::start(
            parts_.io, std::move(process),
            [weak = weak_from_this(), id = worker->record.worker_id](process::ExitStatus status) {
                if (const auto self = weak.lock()) self->note_exit(id, status);
            });
        if (started) {
            worker->watch.emplace(std::move(*started));
            return;
        }
        handle(worker, pool::LaunchFailed{{describe(started.error()), ErrorCode::WORKER_START_FAILED}});
    }

    void note_exit(const WorkerId& id, const process::ExitStatus& status) {
        const auto worker = find(id);
        if (!worker) return;
        const auto how = how_it_ended(*worker, status);
        const auto watch = std::exchange(worker->watch, std::nullopt);
        handle(worker, pool::Exited{how, cause_of(status)});
    }

    static net::Task<void> ask_to_stop(std::shared_ptr<Implementation> self, Live worker) {
        const auto asked = co_await ask_shutdown(self->parts_.client, {worker->record.port, worker->record.secret});
        if (!asked) self->handle(worker, pool::ShutdownFailed{});
    }

    /// One that stands still is ours as well: it is told of and stopped like any other, and killed if it stays silent.
    static net::Task<void> take_up(std::shared_ptr<Implementation> self, WorkerRecord record, RecognizedWorker found) {
        const bool is_proved = found.proof == Proof::given;
        const auto worker = recorded_worker(std::move(record), self->parts_.settings.limits);
        self->workers_.push_back(worker);
        self->parts_.log.info("a worker of an earlier run was adopted",
                              {{"worker", worker->record.worker_id.str()}, {"answers", is_proved ? "yes" : "not yet"}});
        self->handle(worker, is_proved ? pool::WorkerCommand(pool::Adopted{}) : pool::Found{});
        self->watch(worker, std::move(found.process));
        if (self->early_stops_.contains(worker->record.worker_id)) self->handle(worker, pool::Stop{});
        if (is_proved) co_await ask_if_ready(self, worker);
        asio::co_spawn(self->parts_.io, follow(self, worker), asio::detached);
    }

    /// It may have stood still, or been without a port, when it was asked first.
    static net::Task<void> ask_unproved(std::shared_ptr<Implementation> self, WorkerRecord record) {
        auto found = co_await recognize_worker(self->parts_.client, record, BootClock::now());
        if (found && self->strangers_.remove(record.worker_id)) co_await take_up(self, record, std::move(*found));
    }

    /// Asks a worker that loads how far it is.
    static net::Task<void> ask_if_ready(std::shared_ptr<Implementation> self, Live worker) {
        auto news = co_await ask_news(self->parts_.client, {worker->record.port, worker->record.secret});
        if (!news) co_return;
        self->handle(worker, pool::ReportedProgress{news->health.load_progress});
        if (!news->capabilities) co_return;
        worker->capabilities = std::move(news->capabilities);
        worker->memory = news->health.memory;
        self->handle(worker, pool::ReportedReady{});
    }

    /// Asks a worker that stood still when it was found. One that goes on answers at once; then it must prove itself.
    static net::Task<void> ask_silent(std::shared_ptr<Implementation> self, Live worker) {
        const auto within = self->parts_.settings.limits.silence / pool::unanswered_max;
        const auto health =
            co_await ask_health(self->parts_.client, {worker->record.port, worker->record.secret}, within);
        if (worker->life.phase != pool::Phase::silent) co_return;
        if (health) co_return self->handle(worker, pool::Adopted{});
        if (health.error() == WorkerSilence::late) co_return self->handle(worker, pool::Silent{});
        std::erase(self->workers_, worker);
        self->note_unproved(worker->record);
    }

    /// An adopted worker may report to the address that we had before, so it is asked until it is ready.
    static net::Task<void> follow(std::shared_ptr<Implementation> self, Live worker) {
        while (worker->life.phase == pool::Phase::silent && self->find(worker->record.worker_id) == worker) {
            co_await ask_silent(self, worker);
        }
        while (worker->life.phase == pool::Phase::starting) {
            co_await net::wait_for(limits::adoption_pause);
            co_await ask_if_ready(self, worker);
        }
    }

    /// It ended, perhaps while it was asked; or it runs and is not what its record says.
    void note_unproved(const WorkerRecord& record) {
        if (has_ended(record)) {
            parts_.log.info("a worker of an earlier run is gone", {{"worker", record.worker_id.str()}});
            return records_.remove(record.worker_id);
        }
        parts_.log.warning("a worker of an earlier run does not prove itself; it is left alone",
                           {{"worker", record.worker_id.str()}, {"pid", record.pid}});
        strangers_.note(record);
        parts_.changed();
    }

    /// One timer for the earliest deadline of all.
    void schedule_tick() {
        const auto next = next_deadline(workers_);
        if (!next) {
            tick_.cancel();
            return;
        }
        const auto span = std::max(Duration::zero(), *next - BootClock::now());
        tick_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(span));
        tick_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self) self->tick();
        });
    }

    void tick() {
        const auto workers = workers_;
        for (const auto& worker : workers) {
            handle(worker, pool::Tick{});
        }
        schedule_tick();
    }

    WorkerPoolParts parts_;
    WorkerRecords records_;
    std::string callback_url_;
    std::set<std::uint16_t> other_ports_;
    LiveWorkers workers_;  ///< oldest first
    Strangers strangers_;
    pool::EarlyStops early_stops_;
    asio::steady_timer tick_;
    asio::steady_timer none_left_;
};

WorkerPool::WorkerPool(WorkerPoolParts parts) : implementation_(std::make_shared<Implementation>(std::move(parts))) {}

WorkerPool::~WorkerPool() = default;

void WorkerPool::set_callback(std::string url, std::set<std::uint16_t> other_ports) {
    implementation_->set_callback(std::move(url), std::move(other_ports));
}

net::Task<void> WorkerPool::adopt() {
    return Implementation::adopt(implementation_);
}

net::Task<void> WorkerPool::look_for_orphans() {
    return Implementation::look_for_orphans(implementation_);
}

void WorkerPool::ask_after_workers() {
    implementation_->ask_after_workers();
}

net::Task<void> WorkerPool::ask_after(WorkerId id) {
    return Implementation::ask_after(implementation_, implementation_->find(id));
}

std::expected<contracts::SpawnAnswer, Problem> WorkerPool::spawn(const contracts::SpawnWorker& order) {
    return implementation_->spawn(order);
}

std::expected<WorkerReport, Problem> WorkerPool::stop(const WorkerId& id, std::optional<Duration> grace) {
    return implementation_->stop(id, grace);
}

std::expected<void, Problem> WorkerPool::take_report(const contracts::WorkerReady& report) {
    return implementation_->take_report(report);
}

std::optional<WorkerId> WorkerPool::owner_of(std::string_view secret) const {
    return implementation_->owner_of(secret);
}

std::optional<WorkerReport> WorkerPool::report(const WorkerId& id) const {
    const auto worker = implementation_->find(id);
    return worker ? std::optional(worker->report(Secrets::left_out)) : std::nullopt;
}

std::vector<WorkerReport> WorkerPool::reports(Secrets secrets) const {
    return implementation_->reports(secrets);
}

bool WorkerPool::uses(const ModelId& model) const {
    return implementation_->uses(model);
}

net::Task<void> WorkerPool::stop_all(Duration grace) {
    return Implementation::stop_all(implementation_, grace);
}

}  // namespace rbees::poold
