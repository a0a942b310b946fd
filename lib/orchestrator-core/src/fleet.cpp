#include "rbees/orchestrator_core/fleet.hpp"

#include <utility>

#include <fmt/core.h>

#include "rbees/base/assert.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/base/utf8.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::WorkerState;

std::unexpected<contracts::Problem> refuse(ErrorCode code, std::string detail) {
    return std::unexpected(contracts::Problem{.code = code, .detail = std::move(detail)});
}

/// Why a worker ended is what its pool manager says.
constexpr std::size_t reason_bytes_max = 4096;

FleetDecision nothing() {
    return {};
}

/// A worker goes because its node does.
void drain(const Worker& worker, FleetDecision& decision) {
    decision.records.push_back(WorkerDraining{worker.id, "its node drains"});
    decision.effects.push_back(StopEffect{worker.id, worker.node});
}

}  // namespace

FleetOutcome Fleet::decide(const FleetCommand& command) const {
    return std::visit([this](const auto& one) { return decide_one(one); }, command);
}

FleetOutcome Fleet::decide_one(const AdmitNode& command) const {
    auto node = command.node;
    const auto* known = find(node.id);
    if (known != nullptr) {
        // The same machine again: what was decided about it stays decided.
        node.draining = known->draining;
        node.registered_at = known->registered_at;
        if (node == *known) return nothing();
    }
    return FleetDecision{{NodeRegistered{std::move(node)}}, {}};
}

FleetOutcome Fleet::decide_one(const RemoveNode& command) const {
    if (find(command.node) == nullptr) return std::unexpected(no_node(command.node));
    FleetDecision decision;
    for (const auto& [id, worker] : workers_) {
        if (worker.node != command.node || has_ended(worker.state)) continue;
        decision.records.push_back(WorkerEnded{id, WorkerState::stopped, "its node left", std::nullopt});
    }
    decision.records.push_back(NodeRemoved{command.node});
    return decision;
}

FleetOutcome Fleet::decide_one(const DrainNode& command) const {
    const auto* node = find(command.node);
    if (node == nullptr) return std::unexpected(no_node(command.node));
    if (node->draining) return nothing();
    FleetDecision decision{{NodeDraining{command.node}}, {}};
    for (const auto& [id, worker] : workers_) {
        if (worker.node != command.node || has_ended(worker.state) || worker.state == WorkerState::draining) continue;
        drain(worker, decision);
    }
    return decision;
}

FleetOutcome Fleet::decide_one(const CreateWorker& command) const {
    const auto& worker = command.worker;
    RBEES_ASSERT(worker.state == WorkerState::starting);
    if (find(worker.id) != nullptr) return nothing();  // the same order again
    const auto* node = find(worker.node);
    if (node == nullptr) return std::unexpected(no_node(worker.node));
    if (node->draining) {
        return refuse(ErrorCode::POOL_UNAVAILABLE, fmt::format("node {} drains and takes no new work", node->name));
    }
    return FleetDecision{{WorkerCreated{worker}}, {SpawnEffect{worker.id}}};
}

FleetOutcome Fleet::decide_one(const AdoptWorker& command) const {
    const auto& worker = command.worker;
    RBEES_ASSERT(worker.state == WorkerState::starting || worker.state == WorkerState::draining);
    if (find(worker.id) != nullptr) return nothing();
    const auto* node = find(worker.node);
    if (node == nullptr) return std::unexpected(no_node(worker.node));
    FleetDecision decision{{WorkerCreated{worker}}, {}};
    if (node->draining && worker.state != WorkerState::draining) drain(worker, decision);
    return decision;
}

FleetOutcome Fleet::decide_one(const ConfirmWorker& command) const {
    const auto* worker = find(command.worker);
    if (worker == nullptr) return std::unexpected(no_worker(command.worker));
    if (worker->state != WorkerState::starting) return nothing();
    return FleetDecision{{WorkerReady{command.worker, command.facts}}, {}};
}

FleetOutcome Fleet::decide_one(const RetireWorker& command) const {
    const auto* worker = find(command.worker);
    if (worker == nullptr) return std::unexpected(no_worker(command.worker));
    if (has_ended(worker->state)) return nothing();
    // Repeated for a draining one: the order may have been lost with an earlier process.
    FleetDecision decision{{}, {StopEffect{command.worker, worker->node}}};
    if (worker->state != WorkerState::draining) {
        decision.records.push_back(WorkerDraining{command.worker, command.reason});
    }
    return decision;
}

FleetOutcome Fleet::decide_one(const BuryWorker& command) const {
    RBEES_ASSERT(has_ended(command.outcome));
    const auto* worker = find(command.worker);
    if (worker == nullptr) return std::unexpected(no_worker(command.worker));
    if (has_ended(worker->state)) return nothing();
    return FleetDecision{
        {WorkerEnded{command.worker, command.outcome, shortened(command.reason, reason_bytes_max), command.error_code}},
        {}};
}

FleetOutcome Fleet::decide_one(const AddModel& command) const {
    if (models_.contains(command.model.id)) {
        return refuse(ErrorCode::CONFLICT, fmt::format("model {} was added already", command.model.id.str()));
    }
    return FleetDecision{{ModelAdded{command.model}}, {}};
}

FleetOutcome Fleet::decide_one(const RemoveModel& command) const {
    if (!models_.contains(command.model)) return nothing();
    return FleetDecision{{ModelRemoved{command.model}}, {}};
}

void Fleet::apply(const FleetRecord& record) {
    std::visit(overloaded{
                   [&](const NodeRegistered& registered) { nodes_[registered.node.id] = registered.node; },
                   [&](const NodeRemoved& removed) { nodes_.erase(removed.node); },
                   [&](const NodeDraining& draining) { nodes_.at(draining.node).draining = true; },
                   [&](const WorkerCreated& created) { workers_[created.worker.id] = created.worker; },
                   [&](const WorkerReady& ready) {
                       auto& worker = workers_.at(ready.worker);
                       worker.state = WorkerState::ready;
                       worker.url = ready.facts.url;
                       worker.slots = ready.facts.slots;
                       worker.context = ready.facts.context;
                       worker.kind = ready.facts.kind;
                       worker.model_hash = ready.facts.model_hash;
                   },
                   [&](const WorkerDraining& draining) {
                       auto& worker = workers_.at(draining.worker);
                       worker.state = WorkerState::draining;
                       worker.reason = draining.reason;
                   },
                   [&](const WorkerEnded& ended) {
                       auto& worker = workers_.at(ended.worker);
                       worker.state = ended.outcome;
                       worker.reason = ended.reason;
                       worker.error_code = ended.error_code;
                   },
                   [&](const ModelAdded& added) { models_[added.model.id] = added.model; },
                   [&](const ModelRemoved& removed) { models_.erase(removed.model); },
               },
               record);
}

void Fleet::forget_ended() {
    std::erase_if(workers_, [](const auto& entry) { return has_ended(entry.second.state); });
}

std::vector<FleetEffect> Fleet::reconcile() const {
    std::vector<FleetEffect> effects;
    for (const auto& [id, worker] : workers_) {
        if (worker.state == WorkerState::starting) effects.push_back(SpawnEffect{id});
        if (worker.state == WorkerState::draining) effects.push_back(StopEffect{id, worker.node});
    }
    return effects;
}

const Node* Fleet::find(const NodeId& id) const {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : &found->second;
}

const Worker* Fleet::find(const WorkerId& id) const {
    const auto found = workers_.find(id);
    return found == workers_.end() ? nullptr : &found->second;
}

void Fleet::restore(Node node) {
    auto id = node.id;
    nodes_.insert_or_assign(std::move(id), std::move(node));
}

void Fleet::restore(Worker worker) {
    auto id = worker.id;
    workers_.insert_or_assign(std::move(id), std::move(worker));
}

void Fleet::restore(AddedModel model) {
    auto id = model.id;
    models_.insert_or_assign(std::move(id), std::move(model));
}

}  // namespace rbees::orchestrator
