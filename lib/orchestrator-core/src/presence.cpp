#include "rbees/orchestrator_core/presence.hpp"

#include <algorithm>
#include <tuple>

#include "rbees/reflect/describe.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::NodeState;
using contracts::WorkerReport;
using contracts::WorkerState;

const WorkerReport* find_report(const contracts::NodeStatus& status, const WorkerId& id) {
    const auto found = std::ranges::find(status.workers, id, &WorkerReport::worker_id);
    return found == status.workers.end() ? nullptr : &*found;
}

std::optional<ReadyFacts> ready_facts(const WorkerReport& report) {
    if (report.orphan || report.state != WorkerState::ready || !report.url) return std::nullopt;
    return ReadyFacts{.url = *report.url,
                      .slots = report.slots.value_or(1),
                      .context = report.context.value_or(Tokens{}),
                      .kind = report.kind.value_or(contracts::ModelKind::chat),
                      .model_hash = report.model_hash.value_or("")};
}

BuryWorker bury(const Worker& worker, const WorkerReport* report) {
    if (report == nullptr) {
        const bool asked = worker.state == WorkerState::draining;
        return {worker.id, asked ? WorkerState::stopped : WorkerState::failed,
                asked ? worker.reason.value_or("") : "its pool manager does not have it any more", std::nullopt};
    }
    BuryWorker command{worker.id, report->state, report->reason.value_or(worker.reason.value_or("")), std::nullopt};
    if (report->error_code) command.error_code = reflect::value_of<contracts::ErrorCode>(*report->error_code);
    return command;
}

/// What the report says about a worker that we know.
void reconcile_known(const Worker& worker, const WorkerReport* report, std::vector<FleetCommand>& commands) {
    if (report == nullptr) {
        if (worker.state != WorkerState::starting) commands.emplace_back(bury(worker, nullptr));
        return;
    }
    // One that is to stop and may prove itself later keeps its order, or it would come back and serve.
    if (report->orphan && worker.state == WorkerState::draining) return;
    if (has_ended(report->state)) {
        commands.emplace_back(bury(worker, report));
    } else if (report->state == WorkerState::draining && worker.state != WorkerState::draining) {
        commands.emplace_back(RetireWorker{worker.id, report->reason.value_or("its pool manager stops it")});
    } else if (const auto facts = ready_facts(*report); facts && worker.state == WorkerState::starting) {
        commands.emplace_back(ConfirmWorker{worker.id, *facts});
    }
}

/// A live worker that the node has and we do not.
void adopt(const NodeId& node, const WorkerReport& report, WallTime at, std::vector<FleetCommand>& commands) {
    if (report.orphan || has_ended(report.state)) return;
    Worker worker;
    worker.id = report.worker_id;
    worker.node = node;
    worker.model = report.model;
    if (report.state == WorkerState::draining) worker.state = WorkerState::draining;
    worker.created_at = at;
    worker.device = report.device;
    commands.emplace_back(AdoptWorker{worker});
    if (const auto facts = ready_facts(report)) commands.emplace_back(ConfirmWorker{worker.id, *facts});
}

bool is_same_start(const contracts::NodeStatus& one, const contracts::NodeStatus& other) {
    return one.boot_id == other.boot_id && one.start_time == other.start_time;
}

/// Whether the node told `status` before it told `known`.
bool is_overtaken(const contracts::NodeStatus& status, const contracts::NodeStatus& known) {
    if (status.boot_id != known.boot_id) return false;
    return std::tie(status.start_time, status.sequence) < std::tie(known.start_time, known.sequence);
}

}  // namespace

Freshness Presence::registered(const contracts::NodeRegistration& registration, Instant now) {
    const auto* known = find(registration.node_id);
    if (known != nullptr && is_overtaken(registration.status, known->status)) return Freshness::stale;
    nodes_[registration.node_id] = {.url = registration.url,
                                    .call_token = registration.call_token,
                                    .status = registration.status,
                                    .heard_at = now,
                                    .state = NodeState::ready,
                                    .reason = ""};
    return Freshness::newer;
}

Freshness Presence::heard(const NodeId& node, const contracts::NodeStatus& status, Instant now) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end() || !is_same_start(status, found->second.status)) return Freshness::unknown;
    auto& presence = found->second;
    presence.heard_at = now;
    presence.state = NodeState::ready;
    presence.reason.clear();
    if (is_overtaken(status, presence.status)) return Freshness::stale;
    presence.status = status;
    return Freshness::newer;
}

void Presence::note_download(const NodeId& node, const contracts::DownloadReport& report) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) return;
    auto& downloads = found->second.status.downloads;
    std::erase_if(downloads, [&](const auto& known) { return known.model == report.model; });
    downloads.push_back(report);
}

void Presence::disconnected(const NodeId& node) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end() || found->second.state == NodeState::lost) return;
    found->second.state = NodeState::suspect;
    found->second.reason = "its connection broke";
}

std::vector<NodeId> Presence::tick(Instant now) {
    std::vector<NodeId> changed;
    for (auto& [id, node] : nodes_) {
        auto state = node.state;
        if (now >= lost_at(node)) {
            state = NodeState::lost;
        } else if (now >= suspect_at(node)) {
            state = NodeState::suspect;
        }
        if (state == node.state) continue;
        node.state = state;
        node.reason = state == NodeState::lost ? "it has not been heard of" : "a heartbeat is late";
        changed.push_back(id);
    }
    return changed;
}

std::optional<Instant> Presence::next_change() const {
    std::optional<Instant> next;
    for (const auto& [id, node] : nodes_) {
        if (node.state == NodeState::lost) continue;
        const auto at = node.state == NodeState::ready ? suspect_at(node) : lost_at(node);
        if (!next || at < *next) next = at;
    }
    return next;
}

const NodePresence* Presence::find(const NodeId& node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? nullptr : &found->second;
}

const WorkerReport* Presence::report_of(const Worker& worker) const {
    const auto* node = find(worker.node);
    return node == nullptr ? nullptr : find_report(node->status, worker.id);
}

Instant Presence::suspect_at(const NodePresence& node) const {
    return node.heard_at + timing_.interval * std::max<std::uint32_t>(timing_.missed - 1, 1);
}

Instant Presence::lost_at(const NodePresence& node) const {
    return node.heard_at + timing_.interval * timing_.missed;
}

std::vector<FleetCommand> reconcile_report(const Fleet& fleet, const NodeId& node, const contracts::NodeStatus& status,
                                           WallTime at) {
    std::vector<FleetCommand> commands;
    for (const auto& [id, worker] : fleet.workers()) {
        if (worker.node == node && !has_ended(worker.state)) reconcile_known(worker, find_report(status, id), commands);
    }
    for (const auto& report : status.workers) {
        if (fleet.find(report.worker_id) == nullptr) adopt(node, report, at, commands);
    }
    return commands;
}

}  // namespace rbees::orchestrator
