#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rbees/control/catalogue_view.hpp"
#include "rbees/control/fleet_control.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/orchestrator_core/retry_rule.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// The devices of a node that workers can run on.
std::vector<orchestrator::DeviceRoom> rooms(const contracts::NodeStatus& status) {
    std::vector<orchestrator::DeviceRoom> rooms;
    for (const auto& device : status.devices) {
        if (!device.unusable) rooms.push_back({device.id, device.kind, device.memory_free});
    }
    return rooms;
}

Bytes most_free_memory(const contracts::NodeStatus& status) {
    Bytes most;
    for (const auto& room : rooms(status)) {
        most = std::max(most, room.memory_free);
    }
    return most;
}

Problem problem_of(const orchestrator::PlacementError& error, const ModelId& model) {
    switch (error.kind) {
        case orchestrator::PlacementError::Kind::no_file:
            return orchestrator::model_not_on_disk(model.str());
        case orchestrator::PlacementError::Kind::no_memory:
            return {.code = ErrorCode::INSUFFICIENT_MEMORY,
                    .detail = fmt::format("model {}: {}", model.str(), error.detail),
                    .hint = "stop other workers (rbees workers list, rbees models unload) or use a smaller model",
                    .retry_after_ms = 5'000};
        case orchestrator::PlacementError::Kind::no_gpu_memory:
            return {.code = ErrorCode::INSUFFICIENT_VRAM,
                    .detail = fmt::format("model {}: {}", model.str(), error.detail),
                    .hint = "stop other workers there (rbees workers list), use a smaller model, or name no device",
                    .retry_after_ms = 5'000};
        case orchestrator::PlacementError::Kind::no_device:
            return {.code = ErrorCode::GPU_UNAVAILABLE,
                    .detail = fmt::format("model {}: {}", model.str(), error.detail),
                    .hint = "`rbees nodes get NODE --json` lists the devices, and says why one is unusable"};
        case orchestrator::PlacementError::Kind::no_node:
            break;
    }
    return orchestrator::no_pool_manager();
}

}  // namespace

Checked<WorkerId> FleetControl::order_worker(const contracts::StartWorker& order) {
    const auto model = model_id(order.model.str());
    if (!model) return std::unexpected(model.error());
    const orchestrator::PlacementRequest request{
        .model_size = size_of(*model), .only = order.node, .device = order.device};
    const auto placement = place(request, candidates(*model), eviction_candidates());
    if (!placement) return std::unexpected(problem_of(placement.error(), *model));
    for (const auto& leaving : placement->evict) {
        log_.info("a worker makes room", {{"worker", leaving.str()}, {"for", model->str()}});
        retire_worker(leaving, fmt::format("made room for {}", model->str()), {});
    }
    orchestrator::Worker worker;
    worker.id = WorkerId(world_.new_uuid());
    worker.node = placement->node;
    worker.model = *model;
    worker.slots = order.slots;
    worker.context = order.context;
    worker.created_at = world_.wall_now();
    worker.device = placement->device;
    lives_[worker.id].ordered_at = world_.now();
    orders_.start_after(worker.id, placement->evict);
    auto id = worker.id;
    log_.info(
        "worker ordered",
        {{"worker", id.str()}, {"model", model->str()}, {"node", worker.node.str()}, {"device", placement->device}});
    submit(orchestrator::FleetCommand{orchestrator::CreateWorker{std::move(worker)}}, {});
    if (state().fleet.find(id) == nullptr) {
        lives_.erase(id);
        orders_.start_after(id, {});
        return std::unexpected(Problem{.code = ErrorCode::STORAGE_FULL,
                                       .detail = "the worker could not be recorded, so it was not started",
                                       .hint = "free space on the disk that holds the state folder",
                                       .limit = "storage.watermark",
                                       .retry_after_ms = 10'000});
    }
    return id;
}

Checked<ModelId> FleetControl::model_id(const std::string& reference) const {
    auto spec = resolve_model(state().fleet, reference);
    if (spec) return std::move(spec->id);
    // Fetched by an `hf:` or `file:` reference: its file carries an id of its own.
    for (const auto& [id, presence] : presence_.nodes()) {
        for (const auto& file : presence.status.models) {
            if (file.model.str() == reference) return file.model;
        }
    }
    return std::unexpected(std::move(spec.error()));
}

Checked<NodeId> FleetControl::choose_node(const std::optional<NodeId>& wanted) const {
    const NodeId* best = nullptr;
    Bytes most;
    for (const auto& [id, presence] : presence_.nodes()) {
        if (presence.state == contracts::NodeState::lost || (wanted && id != *wanted)) continue;
        const auto free = most_free_memory(presence.status);
        if (best != nullptr && free <= most) continue;
        best = &id;
        most = free;
    }
    if (best != nullptr) return *best;
    if (wanted) {
        return std::unexpected(Problem{.code = ErrorCode::NOT_FOUND,
                                       .detail = fmt::format("node {} is not connected", wanted->str()),
                                       .hint = "rbees nodes list"});
    }
    return std::unexpected(orchestrator::no_pool_manager());
}

std::vector<orchestrator::NodeCandidate> FleetControl::candidates(const ModelId& model) const {
    std::vector<orchestrator::NodeCandidate> candidates;
    for (const auto& [id, presence] : presence_.nodes()) {
        const auto* node = state().fleet.find(id);
        const bool takes_work = presence.state == contracts::NodeState::ready && node != nullptr && !node->draining;
        if (!takes_work) continue;
        const auto& files = presence.status.models;
        const bool has_file =
            pool::is_simulated(model) || std::ranges::find(files, model, &contracts::ModelReport::model) != files.end();
        candidates.push_back({.node = id, .devices = rooms(presence.status), .has_file = has_file});
    }
    return candidates;
}

std::vector<orchestrator::EvictionCandidate> FleetControl::eviction_candidates() const {
    std::vector<orchestrator::EvictionCandidate> candidates;
    const auto now = world_.now();
    for (const auto& [id, life] : lives_) {
        const auto* worker = state().fleet.find(id);
        if (worker == nullptr || worker->state != contracts::WorkerState::ready || !life.slots) continue;
        const auto* report = presence_.report_of(*worker);
        candidates.push_back({.worker = id,
                              .node = worker->node,
                              .memory = report == nullptr ? Bytes{} : report->memory.value_or(Bytes{}),
                              .idle = now - life.last_busy,
                              .reload = life.load_time,
                              .slots_busy = life.slots->used(),
                              .device = worker->device.value_or("cpu")});
    }
    return candidates;
}

Bytes FleetControl::size_of(const ModelId& model) const {
    for (const auto& [id, presence] : presence_.nodes()) {
        for (const auto& file : presence.status.models) {
            if (file.model == model) return file.size;
        }
    }
    return Bytes{};
}

/// Those that nobody is refused for any more go, because there may be any number of models that cannot be loaded.
void FleetControl::note_load_failure(const ModelId& model, Problem problem) {
    const auto now = world_.now();
    std::erase_if(load_failures_,
                  [&](const auto& entry) { return entry.second.at + orchestrator::load_retry_pause <= now; });
    load_failures_.insert_or_assign(model, LoadFailure{std::move(problem), now});
}

std::optional<LoadFailure> FleetControl::load_failure(const ModelId& model) const {
    const auto found = load_failures_.find(model);
    return found == load_failures_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace rbees::control
