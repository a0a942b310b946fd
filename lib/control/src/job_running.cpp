#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "full_disk.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/control/view_building.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::TaskState;
using orchestrator::AttemptFault;
using orchestrator::Job;

AttemptFault fault_of(const Problem& problem) {
    switch (problem.code) {
        case ErrorCode::MODEL_NOT_FOUND:
        case ErrorCode::MODEL_INCOMPATIBLE:
            return AttemptFault::refused;
        case ErrorCode::POOL_UNAVAILABLE:
        case ErrorCode::INSUFFICIENT_MEMORY:
        case ErrorCode::INSUFFICIENT_VRAM:
        case ErrorCode::GPU_UNAVAILABLE:
        case ErrorCode::STORAGE_FULL:
            return AttemptFault::no_room;
        default:
            return AttemptFault::model_failed;
    }
}

}  // namespace

void JobControl::run(const orchestrator::JobEffect& effect) {
    std::visit(overloaded{
                   [this](const orchestrator::QueueEffect& queue) {
                       drop_attempt(queue.job);
                       enqueue(queue.job);
                   },
                   [this](const orchestrator::PauseEffect& wait) {
                       drop_attempt(wait.job);
                       pause(wait.job, wait.pause);
                   },
                   [this](const orchestrator::ExecuteEffect& order) { execute(order); },
                   [this](const orchestrator::StoredEffect& stored) { feed_.shown(stored.job, stored.frames); },
                   [this](const orchestrator::EndedEffect& end) { ended(end); },
               },
               effect);
}

void JobControl::enqueue(const JobId& id) {
    const auto* job = live(id);
    if (job == nullptr || job->state != TaskState::queued || waits_.contains(id)) return;
    orchestrator::Wait wait;
    wait.id = orchestrator::WaitId{++next_wait_};
    wait.model = job->model;
    wait.priority = job->priority;
    wait.owner = job->owner.str();
    wait.session = job->session.value_or("");
    // Time that it waited before a restart counts.
    const auto waited = std::chrono::duration_cast<Duration>(world_.wall_now() - job->submitted_at);
    wait.joined = world_.now() - std::clamp(waited, Duration{}, world_.now().time_since_epoch());
    waits_[id] = wait.id;
    waiting_[wait.id] = id;
    demand_.wait_admitted(std::move(wait), [this, id](SlotAnswer slot) { slot_came(id, std::move(slot)); });
}

void JobControl::leave_queue(const JobId& id) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) return;
    const auto wait = found->second;
    waiting_.erase(wait);
    waits_.erase(found);
    demand_.leave(wait);
}

void JobControl::slot_came(const JobId& id, SlotAnswer slot) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) return;  // it left
    waiting_.erase(found->second);
    waits_.erase(found);
    const auto* job = live(id);
    if (job == nullptr || job->state != TaskState::queued) return;
    if (slot) return dispatch(*job, std::move(*slot));
    not_placed(*job, slot.error());
}

/// A slot that is free at this moment, if nobody waits for it.
std::optional<orchestrator::Ticket> JobControl::take_free_slot(const Job& job) {
    return take_slot(fleet_.view(), job.model, fleet_.unreachable_workers(), orchestrator::Claim::newcomer,
                     demand_.freed());
}

orchestrator::RouteReceipt JobControl::receipt_of(const Job& job, const orchestrator::Ticket& ticket) const {
    orchestrator::RouteReceipt receipt;
    receipt.worker = ticket.worker().id;
    receipt.candidates = static_cast<std::uint32_t>(
        std::ranges::count(fleet_.view().workers, job.model, &orchestrator::RoutableWorker::model));
    receipt.reason = receipt.candidates == 1 ? "the only worker of its model" : "it had the most free slots";
    const auto waited = std::max(world_.wall_now() - job.submitted_at, std::chrono::milliseconds{0});
    receipt.waited_ms = static_cast<std::uint64_t>(waited.count());
    return receipt;
}

void JobControl::dispatch(const Job& job, orchestrator::Ticket ticket) {
    const auto id = job.id;
    auto receipt = receipt_of(job, ticket);
    placed_ = Placed{id, std::move(ticket), std::nullopt};
    if (planted(Bug::double_dispatch)) submit(orchestrator::DispatchJob{id, receipt});
    submit(orchestrator::DispatchJob{id, std::move(receipt)}, if_taken_later([this, id] { pause(id, disk_pause); }));
    placed_.reset();  // still there if it was refused
}

void JobControl::not_placed(const Job& job, const Problem& problem) {
    log_.info("a task finds no worker", {{"job", job.id.str()}, {"reason", problem.detail}});
    const bool retriable = contracts::row_of(problem.code).retry == contracts::Retry::sensible;
    submit(orchestrator::FailPlacing{.job = job.id,
                                     .fault = fault_of(problem),
                                     .error = {problem.code, problem.detail, retriable},
                                     .at = world_.wall_now(),
                                     .salt = world_.new_salt()},
           if_taken_later([this, id = job.id] { pause(id, disk_pause); }));
}

void JobControl::execute(const orchestrator::ExecuteEffect& effect) {
    const auto* job = live(effect.job);
    const bool is_current = job != nullptr && job->attempt == effect.attempt && job->worker == effect.worker;
    if (!is_current) return;
    if (placed_ && placed_->job == effect.job) return begin(*job, *std::exchange(placed_, std::nullopt));
    missing_[effect.job] = effect;  // found in the journal at the start
    look_for_worker(effect);
}

/// Goes on with an attempt that began before this process did.
void JobControl::look_for_worker(const orchestrator::ExecuteEffect& effect) {
    const auto& workers = fleet_.view().workers;
    const auto worker = std::ranges::find(workers, effect.worker, &orchestrator::RoutableWorker::id);
    if (worker != workers.end()) {
        missing_.erase(effect.job);
        const auto* job = live(effect.job);
        if (job == nullptr) return;  // it has ended, and its end is on the way to the disk
        auto ticket = take_over_slot(*worker, demand_.freed());
        if (!ticket) return fail_attempt(effect, "its worker is leaving");
        return begin(*job, {job->id, std::move(*ticket), std::nullopt});
    }
    const auto* known = fleet_.state().fleet.find(effect.worker);
    if (known == nullptr) return fail_attempt(effect, "its worker ended while rbees-orcd was away");
    const bool had_its_time = fleet_.view().is_complete || world_.now() >= started_at_ + FleetControl::node_wait;
    if (had_its_time && !is_connected(fleet_.presence(), known->node)) {
        return fail_attempt(effect, "the node of its worker did not come back");
    }
}

void JobControl::fail_attempt(const orchestrator::ExecuteEffect& effect, std::string why) {
    missing_.erase(effect.job);
    submit(orchestrator::FailAttempt{.job = effect.job,
                                     .attempt = effect.attempt,
                                     .fault = AttemptFault::worker_lost,
                                     .error = {ErrorCode::WORKER_UNAVAILABLE, std::move(why), true},
                                     .at = world_.wall_now(),
                                     .salt = world_.new_salt()},
           if_taken_later([this, effect] { missing_[effect.job] = effect; }));
}

void JobControl::begin(const Job& job, Placed placed) {
    auto order = order_for(job, placed.request);
    if (!order) {
        log_.error("a task's text cannot be read", {{"job", job.id.str()}, {"reason", order.error().message}});
        return end(job.id, TaskState::failed, {ErrorCode::STORAGE_FAILED, order.error().message, false});
    }
    auto attempt = std::make_shared<Attempt>(attempt_ports(), job, std::move(placed.ticket));
    attempts_.insert_or_assign(job.id, attempt);
    attempt->start(std::move(*order));
}

Result<contracts::Execute> JobControl::order_for(const Job& job, const std::optional<std::string>& fresh) {
    const auto text = fresh ? *fresh : request_of(job);
    if (!text) return std::unexpected(text.error());
    auto request = reflect::parse_json(*text);
    if (!request || !request->is_object()) return fail(fmt::format("the request of task {} is damaged", job.id.str()));
    contracts::Execute order;
    order.job_id = job.id;
    order.attempt = job.attempt;
    order.request = std::move(request->get_object());
    if (job.generated == Tokens{}) return order;
    const auto start = archive_.start(job.id);
    if (!start) return std::unexpected(start.error());
    if (!*start) return fail(fmt::format("the start of task {} is missing on disk", job.id.str()));
    const auto* limit = order.request.if_contains("max_tokens");
    auto rest = rest_of(job, **start, limit == nullptr ? 0 : limit->to_number<std::uint64_t>());
    if (!rest) return std::unexpected(std::move(rest.error()));
    order.from = std::move(*rest);
    order.model_hash = (*start)->model_hash;
    return order;
}

Result<std::string> JobControl::request_of(const Job& job) {
    auto text = archive_.request(job.id);
    if (!text) return std::unexpected(std::move(text.error()));
    if (!*text) return fail(fmt::format("the request of task {} is missing on disk", job.id.str()));
    return std::move(**text);
}

/// What a worker needs to go on behind the tokens that are stored.
Result<contracts::ContinueFrom> JobControl::rest_of(const Job& job, const contracts::ExecutionStart& start,
                                                    std::uint64_t tokens_max) {
    contracts::ContinueFrom from;
    from.prompt_ids = start.prompt_ids;
    from.seed = start.seed;
    from.sampling = start.sampling;
    std::uint64_t next = 1;
    while (true) {
        const auto pieces = archive_.frames(job.id, next);
        if (!pieces) return std::unexpected(pieces.error());
        if (pieces->empty()) break;
        for (const auto& piece : *pieces) {
            from.generated_ids.insert(from.generated_ids.end(), piece.ids.begin(), piece.ids.end());
            next = piece.first + piece.frames.size();
        }
    }
    if (from.generated_ids.size() != job.generated.value) {
        return fail(fmt::format("{} tokens of task {} are on disk, {} are counted", from.generated_ids.size(),
                                job.id.str(), job.generated.value));
    }
    from.max_tokens = tokens_max - std::min<std::uint64_t>(tokens_max, job.generated.value);
    return from;
}

void JobControl::ended(const orchestrator::EndedEffect& effect) {
    const auto& id = effect.job;
    leave_queue(id);
    missing_.erase(id);
    drop_attempt(id);
    pauses_.drop(id);
    deadlines_.drop(id);
    feed_.ended(id);
}

void JobControl::drop_attempt(const JobId& id) {
    const auto found = attempts_.extract(id);
    if (found) found.mapped()->abandon();
}

void JobControl::look() {
    auto missing = missing_;
    for (const auto& [id, effect] : missing) {
        if (missing_.contains(id)) look_for_worker(effect);
    }
    auto attempts = attempts_;
    for (const auto& [id, attempt] : attempts) {
        if (fleet_.state().fleet.find(attempt->worker()) == nullptr) attempt->worker_ended("its worker ended");
    }
}

AttemptPorts JobControl::attempt_ports() {
    return {.world = world_,
            .workers = workers_,
            .lease = policy_.tasks_lease,
            .submit = [this](orchestrator::JobCommand command,
                             kernel::Loop::Reply reply) { submit(std::move(command), std::move(reply)); },
            .stored = [this](const JobId& job,
                             std::vector<orchestrator::Frame> frames) { feed_.stored(job, std::move(frames)); },
            .reached = [this](const WorkerId& worker) { fleet_.worker_reached(worker); },
            .refused = [this](const WorkerId& worker) { fleet_.worker_refused(worker); },
            .unreachable = [this](const WorkerId& worker) { fleet_.worker_unreachable(worker); }};
}

}  // namespace rbees::control
