#include "rbees/control/demand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "rbees/control/view_building.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/orchestrator_core/retry_rule.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::WorkerState;

}  // namespace

Demand::Demand(FleetControl& fleet, const Policy& policy)
    : world_(fleet.world()), fleet_(fleet), policy_(policy), queue_(policy.queue_capacity), timer_(world_.timer()) {}

void Demand::stop() {
    timer_->cancel();
}

std::function<void()> Demand::freed() {
    return [this] { world_.post([this] { look(); }); };
}

void Demand::wait_for_slot(orchestrator::WaitId id, const ModelId& model, const TokenId& owner, SlotReply reply) {
    const bool has_room = waiting() < policy_.queue_capacity && queue_.join(wait_of(id, model, owner));
    if (!has_room) return reply(std::unexpected(queue_full()));
    replies_.emplace(id, std::move(reply));
    look_at(model);
    watch_deadlines();
}

void Demand::wait_admitted(orchestrator::Wait wait, SlotReply reply) {
    const auto model = wait.model;
    replies_.emplace(wait.id, std::move(reply));
    queue_.join_admitted(std::move(wait));
    look_at(model);
    watch_deadlines();
}

orchestrator::Wait Demand::wait_of(orchestrator::WaitId id, const ModelId& model, const TokenId& owner) const {
    orchestrator::Wait wait;
    wait.id = id;
    wait.model = model;
    wait.deadline = deadline_for(model);
    wait.owner = owner.str();
    wait.joined = world_.now();
    return wait;
}

void Demand::wait_for_nodes(orchestrator::WaitId id, DoneReply reply) {
    if (waiting() >= policy_.queue_capacity) return reply(std::unexpected(queue_full()));
    arrivals_[id] = {world_.now() + FleetControl::node_wait, std::move(reply)};
    look_at_arrivals();
    watch_deadlines();
}

void Demand::leave(orchestrator::WaitId id) {
    const Problem left{.code = ErrorCode::CANCELLED, .detail = "the client left"};
    const auto wait = queue_.leave(id);
    if (wait) rest_if_empty(wait->model);
    answer(id, std::unexpected(left));
    if (auto arrival = arrivals_.extract(id)) arrival.mapped().reply(std::unexpected(left));
}

void Demand::look() {
    look_at_arrivals();
    for (const auto& model : queue_.models()) {
        look_at(model);
    }
    watch_deadlines();
}

void Demand::look_at(const ModelId& model) {
    set_waiting(model, true);
    if (hand_out(model)) return rest_if_empty(model);
    if (is_loaded(model) || is_expected(model)) return;
    order(model);
}

void Demand::look_at_arrivals() {
    if (!fleet_.view().is_complete) return;
    for (const auto& [id, arrival] : std::exchange(arrivals_, {})) {
        arrival.reply({});
    }
}

/// True if nobody waits for the model any more.
bool Demand::hand_out(const ModelId& model) {
    // The picture may show them still: it follows behind what is on its way to the disk.
    const auto unreachable = fleet_.unreachable_workers();
    while (auto wait = queue_.next(model, world_.now())) {
        auto ticket =
            orchestrator::take_slot(fleet_.view(), model, unreachable, orchestrator::Claim::from_queue, freed());
        if (!ticket) {
            queue_.put_back(std::move(*wait));
            return false;
        }
        note_served(model);
        answer(wait->id, std::move(*ticket));
    }
    return true;
}

/// Whoever took the last place of the model: its free slots are anybody's now, and its queue sets no pace.
void Demand::rest_if_empty(const ModelId& model) {
    if (queue_.waits_for(model)) return;
    set_waiting(model, false);
    if (const auto pace = paces_.find(model); pace != paces_.end()) pace->second.emptied();
}

void Demand::note_served(const ModelId& model) {
    if (!paces_.contains(model)) {
        std::erase_if(paces_, [this](const auto& entry) { return !is_loaded(entry.first); });
    }
    paces_[model].served(world_.now());
}

std::optional<Duration> Demand::predicted_wait(const ModelId& model, std::size_t before) const {
    const auto pace = paces_.find(model);
    return pace == paces_.end() ? std::nullopt : pace->second.wait_behind(before);
}

void Demand::set_waiting(const ModelId& model, bool waiting) {
    for (const auto& worker : fleet_.view().workers) {
        if (worker.model == model) worker.slots->set_waiting(waiting);
    }
}

void Demand::order(const ModelId& model) {
    if (const auto failure = fleet_.load_failure(model)) {
        if (world_.now() < failure->at + orchestrator::load_retry_pause) return refuse_all(model, failure->problem);
        fleet_.forget_load_failure(model);
    }
    const auto ordered = fleet_.order_worker({.model = model});
    if (ordered) return;
    // No node: one may be on its way back; the deadline decides.
    if (ordered.error().code != ErrorCode::POOL_UNAVAILABLE) refuse_all(model, ordered.error());
}

void Demand::refuse_all(const ModelId& model, const Problem& problem) {
    const auto waits = queue_.take_all(model);
    rest_if_empty(model);
    for (const auto& wait : waits) {
        answer(wait.id, std::unexpected(problem));
    }
}

void Demand::answer(orchestrator::WaitId id, SlotAnswer slot) {
    const auto found = replies_.find(id);
    if (found == replies_.end()) return;
    const auto reply = std::move(found->second);
    replies_.erase(found);
    reply(std::move(slot));
}

void Demand::expire() {
    const auto now = world_.now();
    for (const auto& wait : queue_.expired(now)) {
        rest_if_empty(wait.model);
        answer(wait.id, std::unexpected(too_late(wait.model)));
    }
    std::erase_if(arrivals_, [&](const auto& entry) {
        if (now < entry.second.deadline) return false;
        entry.second.reply(std::unexpected(orchestrator::no_pool_manager()));
        return true;
    });
    watch_deadlines();
}

void Demand::watch_deadlines() {
    auto next = queue_.next_deadline();
    for (const auto& [id, arrival] : arrivals_) {
        next = std::min(next.value_or(Instant::max()), arrival.deadline);
    }
    if (next) timer_->set(*next, [this] { expire(); });
}

Problem Demand::queue_full() const {
    return {.code = ErrorCode::QUEUE_FULL,
            .detail = fmt::format("{} requests wait already", waiting()),
            .hint = "try again in a moment",
            .limit = "queue.capacity",
            .retry_after_ms = 1'000};
}

Problem Demand::too_late(const ModelId& model) const {
    if (fleet_.view().nodes == 0) return orchestrator::no_pool_manager();
    if (is_coming(model)) {
        return {
            .code = ErrorCode::WORKER_START_TIMEOUT,
            .detail = fmt::format("model {} was not loaded within {}", model.str(), describe(policy_.load_deadline)),
            .hint = "it goes on loading: try again, or look at rbees workers list",
            .limit = "models.load_deadline",
            .retry_after_ms = 10'000};
    }
    return {
        .code = ErrorCode::WORKER_TIMEOUT,
        .detail = fmt::format("no slot for model {} came free within {}", model.str(), describe(policy_.queue_wait)),
        .hint = "try again when there is less to do",
        .limit = "queue.wait",
        .retry_after_ms = 10'000};
}

bool Demand::is_loaded(const ModelId& model) const {
    const auto& workers = fleet_.view().workers;
    return std::ranges::find(workers, model, &orchestrator::RoutableWorker::model) != workers.end();
}

bool Demand::is_coming(const ModelId& model) const {
    return std::ranges::any_of(fleet_.state().fleet.workers(), [&](const auto& entry) {
        return entry.second.model == model && entry.second.state == WorkerState::starting;
    });
}

/// Whether a worker of the model needs no other one beside it: it loads; or it is ready, and missing in the picture
/// only until that is on disk, or until it can be reached again, which is soon.
bool Demand::is_expected(const ModelId& model) const {
    return std::ranges::any_of(fleet_.state().fleet.workers(), [&](const auto& entry) {
        const auto& worker = entry.second;
        if (worker.model != model) return false;
        return worker.state == WorkerState::starting ||
               (worker.state == WorkerState::ready && is_connected(fleet_.presence(), worker.node) &&
                !fleet_.is_given_up(worker.id));
    });
}

Instant Demand::deadline_for(const ModelId& model) const {
    const auto now = world_.now();
    if (is_loaded(model)) return now + policy_.queue_wait;
    return now + (fleet_.view().nodes == 0 ? FleetControl::node_wait : policy_.load_deadline);
}

}  // namespace rbees::control
