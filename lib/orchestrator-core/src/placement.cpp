#include "rbees/orchestrator_core/placement.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/core.h>

namespace rbees::orchestrator {
namespace {

/// What is gained by a worker's leaving, against what it costs to have it back.
double eviction_score(const EvictionCandidate& candidate) {
    const std::chrono::duration<double> idle = candidate.idle;
    const std::chrono::duration<double> reload = std::max<Duration>(candidate.reload, std::chrono::milliseconds(1));
    return static_cast<double>(candidate.memory.value) * idle.count() / reload.count();
}

/// Workers of one node that leave, and the memory that comes free.
struct Eviction {
    std::vector<EvictionCandidate> leaving;
    Bytes freed;
};

/// Lets those stay after all whose memory is not missed, once a larger one goes.
void spare(Eviction& eviction, Bytes missing) {
    std::erase_if(eviction.leaving, [&](const EvictionCandidate& candidate) {
        const auto without = eviction.freed.value - candidate.memory.value;
        if (without < missing.value) return false;
        eviction.freed = Bytes(without);
        return true;
    });
}

/// Who must leave the node so that `missing` bytes come free; nothing if that cannot be had.
std::optional<Eviction> evict(const NodeId& node, Bytes missing, const std::vector<EvictionCandidate>& loaded) {
    std::vector<EvictionCandidate> idle;
    for (const auto& candidate : loaded) {
        if (candidate.node == node && candidate.slots_busy == 0) idle.push_back(candidate);
    }
    std::ranges::sort(idle, std::ranges::greater{}, eviction_score);
    Eviction eviction;
    for (auto& candidate : idle) {
        if (eviction.freed >= missing) break;
        eviction.freed += candidate.memory;
        eviction.leaving.push_back(std::move(candidate));
    }
    if (eviction.freed < missing) return std::nullopt;
    spare(eviction, missing);
    return eviction;
}

Placement placement_of(const NodeId& node, const Eviction& eviction) {
    Placement placement{node, {}};
    std::ranges::transform(eviction.leaving, std::back_inserter(placement.evict), &EvictionCandidate::worker);
    return placement;
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
    if (!any) {
        return refuse(PlacementError::Kind::no_node,
                      request.only ? fmt::format("node {} is not connected or takes no work", request.only->str())
                                   : "no connected node can take the model");
    }
    if (fitting.empty()) {
        return refuse(PlacementError::Kind::no_file,
                      request.only ? fmt::format("the model's file does not lie on node {}", request.only->str())
                                   : "the model's file lies on no connected node");
    }
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
    std::optional<Eviction> best;
    NodeId best_node;
    for (const auto& node : *fitting) {
        auto eviction = evict(node.node, Bytes(needed.value - node.memory_free.value), loaded);
        if (!eviction || (best && best->freed <= eviction->freed)) continue;
        best = std::move(eviction);
        best_node = node.node;
    }
    if (best) return placement_of(best_node, *best);
    return refuse(PlacementError::Kind::no_memory,
                  fmt::format("the model needs about {} of memory; the node with most has {} free", describe(needed),
                              describe(roomiest.memory_free)));
}

}  // namespace rbees::orchestrator
