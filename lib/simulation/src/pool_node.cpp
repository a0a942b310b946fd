#include "pool_node.hpp"

#include <fmt/format.h>

#include <chrono>

namespace rbees::simulation {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

constexpr Duration adoption_pause = std::chrono::milliseconds(500);
constexpr Duration load_shortest = std::chrono::milliseconds(500);
constexpr Duration load_longest = std::chrono::seconds(4);
constexpr Duration local_delay = std::chrono::milliseconds(1);

/// Longer than a lease, shorter than the longest freeze: some workers that wake up were given up, others not.
constexpr Duration silence = std::chrono::seconds(100);
constexpr Duration silence_pause = silence / pool::unanswered_max;

/// As pool-managerd has it.
constexpr std::size_t finished_max = 32;

contracts::Device cpu() {
    contracts::Device device;
    device.id = "cpu";
    device.memory_free = mebibytes(64'000);
    device.memory_total = device.memory_free;
    return device;
}

}  // namespace

PoolNode::PoolNode(Stage& stage, NodeRoutes& orcd, std::uint32_t number)
    : stage_(stage),
      orcd_(orcd),
      process_(stage.agenda, fmt::format("pool-{}", number), first_node + number),
      id_(process_.name()),
      random_(stage.seed, process_.name()) {}

void PoolNode::start() {
    stage_.note(process_.name(), "starts");
    process_.start();
    adopt();
    register_self();
}

void PoolNode::die() {
    if (!process_.is_up()) return;
    stage_.note(process_.name(), "dies");
    process_.die();
    live_.clear();
    finished_.clear();
    early_stops_ = {};
    orchestrator_.reset();
    sequence_ = 0;
    is_stale_ = is_reporting_ = false;
}

control::PoolAnswer PoolNode::spawn(const contracts::SpawnWorker& order) {
    if (!stage_.ledger.was_created(order.worker_id)) {
        stage_.verdict.wrong("order before disk", fmt::format("worker {} is to start", order.worker_id.str()));
    }
    if (!live_.contains(order.worker_id)) {
        if (early_stops_.contains(order.worker_id)) {
            stage_.count("starts after their stop");
            return std::unexpected(
                Problem{.code = ErrorCode::CONFLICT, .detail = "it was stopped before it was started"});
        }
        orders_.emplace(order.worker_id, order);
        live_[order.worker_id].life.limits.silence = silence;
    }
    handle(order.worker_id, pool::Spawn{});
    return {};
}

control::PoolAnswer PoolNode::stop(const contracts::StopWorker& order) {
    if (!stage_.ledger.was_retired(order.worker_id)) {
        stage_.verdict.wrong("order before disk", fmt::format("worker {} is to stop", order.worker_id.str()));
    }
    if (!live_.contains(order.worker_id)) {
        early_stops_.note(order.worker_id);
        return std::unexpected(Problem{.code = ErrorCode::WORKER_NOT_FOUND, .detail = "this node has no such worker"});
    }
    handle(order.worker_id, pool::Stop{});
    return {};
}

/// One command: decided, carried out, told.
void PoolNode::handle(const WorkerId& id, const pool::WorkerCommand& command) {
    const auto found = live_.find(id);
    if (found == live_.end()) return;
    auto step = pool::advance(found->second.life, command, stage_.agenda.now());
    const bool was_ready = found->second.life.phase == pool::Phase::ready;
    found->second.life = std::move(step.worker);
    if (!was_ready && found->second.life.phase == pool::Phase::ready) ask_later(id);
    for (const auto effect : step.effects) {
        carry_out(id, effect);
    }
    schedule_tick(id);
}

void PoolNode::carry_out(const WorkerId& id, pool::WorkerEffect effect) {
    const auto found = live_.find(id);
    if (found == live_.end()) return;
    auto* worker = found->second.process;
    switch (effect) {
        case pool::WorkerEffect::launch:
        case pool::WorkerEffect::relaunch:
            return launch(id);
        case pool::WorkerEffect::ask_shutdown:
            if (worker != nullptr) worker->process().after(local_delay, [worker] { worker->drain(); });
            return;
        case pool::WorkerEffect::terminate:
            if (worker != nullptr) worker->process().after(local_delay, [worker] { worker->die(); });
            return;
        case pool::WorkerEffect::kill:
            if (worker != nullptr) stage_.agenda.after(local_delay, [worker] { worker->die(); });
            return;
        case pool::WorkerEffect::forget_record:
            orders_.erase(id);
            finished_.push_back(id);
            return forget_old();
        case pool::WorkerEffect::report:
            return report();
    }
}

void PoolNode::launch(const WorkerId& id) {
    const auto& order = orders_.at(id);
    WorkerSpec spec{.id = id,
                    .model = order.model,
                    .slots = order.slots.value_or(stage_.options.slots),
                    .host = host(),
                    .load_time = random_.between(load_shortest, load_longest),
                    .loads = !loads_fail};
    auto made = std::make_unique<WorkerProcess>(stage_, std::move(spec));
    auto& worker = *made;
    std::swap(workers_[worker.url()], made);
    if (made) {
        made->die();
        ended_.push_back(std::move(made));
    }
    process_of_[id] = &worker;
    live_.at(id).process = &worker;
    stage_.note(worker.process().name(), "starts", process_.name());
    watch(id, worker);
    worker.start([this, id] { process_.after(local_delay, [this, id] { loaded(id); }); });
}

/// Its end is noticed, as long as this life of the pool manager lasts.
void PoolNode::watch(const WorkerId& id, WorkerProcess& worker) {
    worker.process().when_dead([this, id, life = process_.life()] {
        if (life != process_.life()) return;
        process_.after(local_delay, [this, id] { handle(id, pool::Exited{"signal 9"}); });
    });
}

void PoolNode::loaded(const WorkerId& id) {
    const auto found = live_.find(id);
    if (found == live_.end()) return;
    auto& worker = *found->second.process;
    if (worker.is_ready()) return handle(id, pool::ReportedReady{});
    handle(id, pool::ReportedFailure{{"the model cannot be loaded", ErrorCode::MODEL_LOAD_FAILED}});
    worker.process().after(local_delay, [&worker] { worker.die(); });
}

/// Workers of an earlier life: those that live are taken over, also those that stand still, which are asked until they
/// answer or are given up; the records of the others go.
void PoolNode::adopt() {
    const auto orders = orders_;
    for (const auto& [id, order] : orders) {
        const auto found = process_of_.find(id);
        if (found == process_of_.end() || !found->second->process().is_up()) {
            orders_.erase(id);
            continue;
        }
        live_[id].process = found->second;
        live_[id].life.limits.silence = silence;
        watch(id, *found->second);
        const bool stands_still = found->second->process().is_frozen();
        handle(id, stands_still ? pool::WorkerCommand(pool::Found{}) : pool::Adopted{});
        ask_silent(id);
        follow_loading(id);
    }
}

bool PoolNode::is_silent(const WorkerId& id) const {
    const auto found = live_.find(id);
    return found != live_.end() && found->second.life.phase == pool::Phase::silent;
}

/// A question is always open, so one that goes on is heard of at once.
void PoolNode::ask_silent(const WorkerId& id) {
    if (!is_silent(id)) return;
    live_.at(id).process->process().after(local_delay, [this, id, life = process_.life()] {
        if (life != process_.life()) return;
        process_.after(local_delay, [this, id] {
            if (!is_silent(id)) return;
            handle(id, pool::Adopted{});
            follow_loading(id);
        });
    });
    process_.after(silence_pause, [this, id] {
        if (!is_silent(id)) return;
        handle(id, pool::Silent{});
        ask_silent(id);
    });
}

/// An adopted worker reported to an earlier life, so it is asked.
void PoolNode::follow_loading(const WorkerId& id) {
    const auto found = live_.find(id);
    if (found == live_.end() || found->second.life.phase != pool::Phase::starting) return;
    if (found->second.process->is_ready() && !found->second.process->process().is_frozen()) {
        return handle(id, pool::ReportedReady{});
    }
    process_.after(adoption_pause, [this, id] { follow_loading(id); });
}

void PoolNode::ask_later(const WorkerId& id) {
    process_.after(silence_pause, [this, id] {
        const auto found = live_.find(id);
        if (found == live_.end() || found->second.life.phase != pool::Phase::ready) return;
        const bool is_silent = found->second.process->process().is_frozen();
        handle(id, is_silent ? pool::WorkerCommand(pool::Silent{}) : pool::Answered{});
        ask_later(id);
    });
}

void PoolNode::schedule_tick(const WorkerId& id) {
    const auto found = live_.find(id);
    if (found == live_.end() || !found->second.life.deadline) return;
    process_.at(*found->second.life.deadline, [this, id] { handle(id, pool::Tick{}); });
}

void PoolNode::forget_old() {
    while (finished_.size() > finished_max) {
        live_.erase(finished_.front());
        finished_.erase(finished_.begin());
    }
}

contracts::WorkerReport PoolNode::report_of(const WorkerId& id, const Live& live) const {
    contracts::WorkerReport report;
    report.worker_id = id;
    report.state = pool::state_of(live.life);
    if (live.life.failure) {
        report.reason = live.life.failure->reason;
        report.error_code = reflect::name_of(live.life.failure->code);
    }
    if (live.process == nullptr) return report;
    const auto& spec = live.process->spec();
    report.model = spec.model;
    if (live.life.phase != pool::Phase::ready) return report;
    report.url = live.process->url();
    report.secret = "secret of " + id.str();
    report.slots = spec.slots;
    report.context = Tokens(4'096);
    report.kind = contracts::ModelKind::chat;
    report.model_hash = "hash of " + spec.model.str();
    return report;
}

contracts::NodeStatus PoolNode::status() {
    contracts::NodeStatus status;
    status.boot_id = "boot of " + process_.name();
    status.start_time = process_.life();
    status.sequence = ++sequence_;
    status.devices.push_back(cpu());
    for (const auto& [id, live] : live_) {
        status.workers.push_back(report_of(id, live));
    }
    return status;
}

}  // namespace rbees::simulation
