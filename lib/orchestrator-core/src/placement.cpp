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

/// A device with the node that it belongs to. Points into the candidates.
struct Place {
    const NodeCandidate* node = nullptr;
    const DeviceRoom* device = nullptr;
    Bytes needed;

    [[nodiscard]] bool fits() const { return device->memory_free >= needed; }
    [[nodiscard]] bool is_gpu() const { return device->kind != contracts::DeviceKind::cpu; }
};

/// Who must leave the device so that `missing` bytes come free; nothing if that cannot be had.
std::optional<Eviction> evict(const Place& place, const std::vector<EvictionCandidate>& loaded) {
    const Bytes missing(place.needed.value - place.device->memory_free.value);
    std::vector<EvictionCandidate> idle;
    for (const auto& candidate : loaded) {
        const bool is_there = candidate.node == place.node->node && candidate.device == place.device->id;
        if (is_there && candidate.slots_busy == 0) idle.push_back(candidate);
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

Placement placement_of(const Place& place, const Eviction& eviction) {
    Placement placement{place.node->node, {}, place.device->id};
    std::ranges::transform(eviction.leaving, std::back_inserter(placement.evict), &EvictionCandidate::worker);
    return placement;
}

std::unexpected<PlacementError> refuse(PlacementError::Kind kind, std::string detail) {
    return std::unexpected(PlacementError{kind, std::move(detail)});
}

/// The nodes that have the file.
std::expected<std::vector<const NodeCandidate*>, PlacementError> eligible(const PlacementRequest& request,
                                                                          const std::vector<NodeCandidate>& nodes) {
    std::vector<const NodeCandidate*> fitting;
    bool any = false;
    for (const auto& node : nodes) {
        if (request.only && node.node != *request.only) continue;
        any = true;
        if (node.has_file) fitting.push_back(&node);
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
    return fitting;
}

/// Their devices, GPUs first, then by free memory.
std::vector<Place> places_of(const PlacementRequest& request, const std::vector<const NodeCandidate*>& nodes) {
    const bool is_known = request.model_size > Bytes{};
    std::vector<Place> places;
    for (const auto* node : nodes) {
        for (const auto& device : node->devices) {
            const Place place{node, &device, memory_needed(request.model_size, device.kind)};
            const bool is_wanted = request.device ? device.id == *request.device : is_known || !place.is_gpu();
            if (is_wanted) places.push_back(place);
        }
    }
    std::ranges::sort(places, std::ranges::greater{},
                      [](const Place& place) { return std::pair(place.is_gpu(), place.device->memory_free); });
    return places;
}

/// What each kind of device would need and has. `places` are sorted and some.
std::string shortage(const std::vector<Place>& places) {
    std::string text;
    for (const bool of_gpus : {true, false}) {
        const auto most = std::ranges::find(places, of_gpus, &Place::is_gpu);
        if (most == places.end()) continue;
        text += fmt::format("{}the model needs about {} of memory{}; {} with most has {} free",
                            text.empty() ? "" : "; ", describe(most->needed), of_gpus ? " on a GPU" : "",
                            of_gpus ? "the GPU (" + most->device->id + ")" : std::string("the node"),
                            describe(most->device->memory_free));
    }
    return text;
}

}  // namespace

Bytes memory_needed(Bytes model_size, contracts::DeviceKind kind) {
    const Bytes needed(model_size.value + model_size.value / 5);
    return kind == contracts::DeviceKind::cpu ? needed : needed + gpu_overhead;
}

std::expected<Placement, PlacementError> place(const PlacementRequest& request, const std::vector<NodeCandidate>& nodes,
                                               const std::vector<EvictionCandidate>& loaded) {
    const auto fitting = eligible(request, nodes);
    if (!fitting) return std::unexpected(fitting.error());
    const auto places = places_of(request, *fitting);
    if (places.empty()) {
        return refuse(PlacementError::Kind::no_device,
                      fmt::format("no node that has the model's file can run a worker on {}",
                                  request.device.value_or("its CPU")));
    }
    const auto roomy = std::ranges::find_if(places, &Place::fits);
    if (roomy != places.end()) return placement_of(*roomy, {});
    std::optional<Eviction> best;
    const Place* best_place = nullptr;
    for (const auto& each : places) {
        auto eviction = evict(each, loaded);
        if (!eviction || (best && best->freed <= eviction->freed)) continue;
        best = std::move(eviction);
        best_place = &each;
    }
    if (best) return placement_of(*best_place, *best);
    const bool only_gpus = std::ranges::all_of(places, &Place::is_gpu);
    return refuse(only_gpus ? PlacementError::Kind::no_gpu_memory : PlacementError::Kind::no_memory, shortage(places));
}

}  // namespace rbees::orchestrator
