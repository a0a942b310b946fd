#include "rbees/orchestrator_core/placement.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

namespace rbees::orchestrator {
namespace {

/// What is gained by a worker's leaving, against what it costs to have it back.
double eviction_score(const EvictionCandidate& candidate) {
    const std::chrono::duration<double> idle = candidate.idle;
    const std::chrono::duration<double> reload = std::max<Duration>(candidate.reload, std::chrono::milliseconds(1));
    return static_cast<double>(candidate.memory.value) * idle.count() / reload.count();
}

/// The workers that must leave the node so that `missing` bytes come free; nothing if that cannot be had.
std::optional<std::vector<WorkerId>> evictions(const NodeId& node, Bytes missing,
                                               const std::vector<EvictionCandidate>& loaded) {
    std::vector<EvictionCandidate> idle;
    for (const auto& candidate : loaded) {
        if (candidate.node == node && candidate.slots_busy == 0) idle.push_back(candidate);
    }
    std::ranges::sort(idle, std::ranges::greater{}, eviction_score);
    std::vector<WorkerId> leaving;
    Bytes freed;
    for (const auto& candidate : idle) {
        if (freed >= missing) break;
        leaving.push_back(candidate.worker);
        freed += candidate.memory;
    }
    if (freed < missing) return std::nullopt;
    return leaving;
}

std::unexpected<PlacementError> refuse(PlacementError::Kind kind, std::string detail) {
    return std::unexpected(PlacementError{kind, std::move(detail)});
}

std::expected<std::vector<NodeCandidate>, PlacementError> eligible(const PlacementRequest& request,
                                                                   const std::vector<NodeCandidate>& nodes) {
    std::vector<NodeCandidate> fitting;
    bool any = false;
    for (const auto& node : nodes) {
        if (request.only && node.node != *request.only) continue;
        any = true;
        if (node.has_file) fitting.push_back(node);
    }
    if (!any) return refuse(PlacementError::Kind::no_node, "no connected node can take the model");
    if (fitting.empty()) return refuse(PlacementError::Kind::no_file, "the model's file lies on no connected node");
    std::ranges::sort(fitting, std::ranges::greater{}, &NodeCandidate::memory_free);
    return fitting;
}

}  // namespace

Bytes memory_needed(Bytes model_size) {
    return Bytes(model_size.value + model_size.value / 5);
}

std::expected<Placement, PlacementError> place(const PlacementRequest& request, const std::vector<NodeCandidate>& nodes,
                                               const std::vector<EvictionCandidate>& loaded) {
    auto fitting = eligible(request, nodes);
    if (!fitting) return std::unexpected(std::move(fitting.error()));
    const auto needed = memory_needed(request.model_size);
    const auto& roomiest = fitting->front();
    if (roomiest.memory_free >= needed) return Placement{roomiest.node, {}};
    for (const auto& node : *fitting) {
        const Bytes missing(needed.value - node.memory_free.value);
        if (auto leaving = evictions(node.node, missing, loaded)) return Placement{node.node, std::move(*leaving)};
    }
    return refuse(PlacementError::Kind::no_memory,
                  fmt::format("the model needs about {} of memory; the node with most has {} free", describe(needed),
                              describe(roomiest.memory_free)));
}

}  // namespace rbees::orchestrator
