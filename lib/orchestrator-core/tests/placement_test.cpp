#include "rbees/orchestrator_core/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>

namespace rbees::orchestrator {
namespace {

using std::chrono_literals::operator""s;
using contracts::DeviceKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = PlacementError::Kind;

NodeCandidate make_node(const std::string& id, std::uint64_t free, bool has_file = true) {
    return {NodeId(id), {{"cpu", DeviceKind::cpu, Bytes(free)}}, has_file};
}

/// The same with GPUs, "cuda:0" first; figures in MiB.
NodeCandidate make_gpu_node(const std::string& id, std::uint64_t cpu, const std::vector<std::uint64_t>& gpus) {
    NodeCandidate node{NodeId(id), {{"cpu", DeviceKind::cpu, mebibytes(cpu)}}, true};
    for (const auto free : gpus) {
        node.devices.push_back({"cuda:" + std::to_string(node.devices.size() - 1), DeviceKind::cuda, mebibytes(free)});
    }
    return node;
}

EvictionCandidate make_loaded(const std::string& id, const std::string& node, std::uint64_t memory, Duration idle = 10s,
                              std::uint32_t busy = 0) {
    return {WorkerId(id), NodeId(node), Bytes(memory), idle, 1s, busy};
}

PlacementRequest make_request(std::uint64_t size) {
    return {Bytes(size), std::nullopt, std::nullopt};
}

PlacementRequest make_request_mebibytes(std::uint64_t size, std::optional<std::string> device = std::nullopt) {
    return {mebibytes(size), std::nullopt, std::move(device)};
}

TEST(Placement, TakesTheNodeWithTheFileAndMostFreeMemory) {
    const auto found = place(make_request(100), {make_node("a", 200), make_node("b", 300), make_node("c", 900, false)},
                             {make_loaded("w", "b", 500)});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->node, NodeId("b"));
    EXPECT_THAT(found->evict, IsEmpty());
}

TEST(Placement, CountsAFifthMoreThanTheFile) {
    EXPECT_TRUE(place(make_request(100), {make_node("a", 120)}, {}));
    EXPECT_EQ(place(make_request(100), {make_node("a", 119)}, {}).error().kind, Kind::no_memory);
}

TEST(Placement, ModelOfUnknownSizeFitsAnywhere) {
    EXPECT_TRUE(place(make_request(0), {make_node("a", 0)}, {}));
}

TEST(Placement, KeepsToTheNodeThatTheUserNamed) {
    const PlacementRequest request{Bytes(100), NodeId("a"), std::nullopt};

    const auto found = place(request, {make_node("a", 200), make_node("b", 900)}, {});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->node, NodeId("a"));
}

TEST(Placement, RefusalSaysWhatIsMissing) {
    EXPECT_EQ(place(make_request(100), {}, {}).error().kind, Kind::no_node);

    const PlacementRequest named{Bytes(100), NodeId("z"), std::nullopt};
    const auto absent = place(named, {make_node("a", 900)}, {}).error();
    EXPECT_EQ(absent.kind, Kind::no_node);
    EXPECT_THAT(absent.detail, HasSubstr("node z"));

    EXPECT_EQ(place(make_request(100), {make_node("a", 900, false)}, {}).error().kind, Kind::no_file);

    const auto small = place(make_request(1000), {make_node("a", 7), make_node("b", 900)}, {}).error();
    EXPECT_EQ(small.kind, Kind::no_memory);
    EXPECT_THAT(small.detail, HasSubstr("1.2 kB"));
    EXPECT_THAT(small.detail, HasSubstr("900 B"));
}

TEST(Placement, EvictsTheLongestIdleOfEqualWorkers) {
    const auto found = place(make_request(100), {make_node("a", 70)},
                             {make_loaded("w1", "a", 50, 5s), make_loaded("w2", "a", 50, 60s)});

    ASSERT_TRUE(found);
    EXPECT_THAT(found->evict, ElementsAre(WorkerId("w2")));
}

TEST(Placement, SparesTheWorkerThatIsSlowToReload) {
    auto slow = make_loaded("slow", "a", 50);
    slow.reload = 30s;

    const auto found = place(make_request(100), {make_node("a", 70)}, {slow, make_loaded("fast", "a", 50)});

    ASSERT_TRUE(found);
    EXPECT_THAT(found->evict, ElementsAre(WorkerId("fast")));
}

TEST(Placement, NeverEvictsABusyWorker) {
    const auto found = place(make_request(100), {make_node("a", 70)}, {make_loaded("w", "a", 500, 10s, 1)});

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, Kind::no_memory);
}

TEST(Placement, LeavesTheWorkersOfOtherNodesAlone) {
    EXPECT_FALSE(place(make_request(100), {make_node("a", 70)}, {make_loaded("w", "b", 500)}));
}

TEST(Placement, EvictsWhereTheFewestBytesMustGo) {
    const auto found = place(make_request(100), {make_node("a", 100), make_node("b", 90)},
                             {make_loaded("w1", "a", 800), make_loaded("w2", "b", 30)});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->node, NodeId("b"));
    EXPECT_THAT(found->evict, ElementsAre(WorkerId("w2")));
}

TEST(Placement, SparesASmallWorkerIfALargeOneMustGoAnyway) {
    const auto found = place(make_request(100), {make_node("a", 20)},
                             {make_loaded("small", "a", 10, 3600s), make_loaded("large", "a", 200)});

    ASSERT_TRUE(found);
    EXPECT_THAT(found->evict, ElementsAre(WorkerId("large")));
}

TEST(Placement, TakesTheGpuWithMostRoomBeforeTheCpu) {
    const auto found = place(make_request_mebibytes(1000),
                             {make_gpu_node("a", 64'000, {8'000}), make_gpu_node("b", 9'000, {2'000, 12'000})}, {});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->node, NodeId("b"));
    EXPECT_EQ(found->device, "cuda:1");
}

TEST(Placement, CountsWhatCudaTakesBesideTheModel) {
    const auto request = make_request_mebibytes(1000);  // 1200 with its context, 640 for CUDA

    EXPECT_EQ(place(request, {make_gpu_node("a", 64'000, {1'840})}, {})->device, "cuda:0");
    EXPECT_EQ(place(request, {make_gpu_node("a", 64'000, {1'839})}, {})->device, "cpu");
}

TEST(Placement, TakesTheCpuWhereNoGpuHasRoom) {
    const auto found = place(make_request_mebibytes(10'000), {make_gpu_node("a", 64'000, {8'000, 9'000})}, {});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->device, "cpu");
    EXPECT_THAT(found->evict, IsEmpty());
}

TEST(Placement, KeepsToTheDeviceThatTheUserNamed) {
    const std::vector nodes{make_gpu_node("a", 64'000, {8'000, 9'000})};

    EXPECT_EQ(place(make_request_mebibytes(1000, "cpu"), nodes, {})->device, "cpu");
    EXPECT_EQ(place(make_request_mebibytes(1000, "cuda:0"), nodes, {})->device, "cuda:0");
    const auto absent = place(make_request_mebibytes(1000, "cuda:7"), nodes, {}).error();
    EXPECT_EQ(absent.kind, Kind::no_device);
    EXPECT_THAT(absent.detail, HasSubstr("cuda:7"));
}

TEST(Placement, RefusalOfANamedGpuIsAboutItsMemoryAndSaysTheNumbers) {
    const auto refused =
        place(make_request_mebibytes(10'000, "cuda:1"), {make_gpu_node("a", 64'000, {80'000, 9'000})}, {}).error();

    EXPECT_EQ(refused.kind, Kind::no_gpu_memory);
    EXPECT_THAT(refused.detail, HasSubstr(describe(mebibytes(12'640))));
    EXPECT_THAT(refused.detail, HasSubstr("cuda:1"));
    EXPECT_THAT(refused.detail, HasSubstr(describe(mebibytes(9'000))));
}

TEST(Placement, RefusalNamesTheRoomOfGpuAndCpu) {
    const auto refused = place(make_request_mebibytes(10'000), {make_gpu_node("a", 7'000, {9'000})}, {}).error();

    EXPECT_EQ(refused.kind, Kind::no_memory);
    EXPECT_THAT(refused.detail, HasSubstr(describe(mebibytes(9'000))));
    EXPECT_THAT(refused.detail, HasSubstr(describe(mebibytes(7'000))));
}

TEST(Placement, FreesAGpuOnlyByWorkersThatRunOnIt) {
    auto on_cpu = make_loaded("on-cpu", "a", mebibytes(9'000).value);
    auto on_gpu = make_loaded("on-gpu", "a", mebibytes(9'000).value);
    on_gpu.device = "cuda:0";
    const auto request = make_request_mebibytes(8'000, "cuda:0");
    const std::vector nodes{make_gpu_node("a", 100, {2'000})};

    EXPECT_THAT(place(request, nodes, {on_cpu, on_gpu})->evict, ElementsAre(WorkerId("on-gpu")));
    EXPECT_EQ(place(request, nodes, {on_cpu}).error().kind, Kind::no_gpu_memory);
}

TEST(Placement, SendsAModelOfUnknownSizeToTheCpu) {
    EXPECT_EQ(place(make_request(0), {make_gpu_node("a", 1, {80'000})}, {})->device, "cpu");
}

struct Scene {
    PlacementRequest request;
    std::vector<NodeCandidate> nodes;
    std::vector<EvictionCandidate> loaded;
};

Scene any_scene() {
    constexpr std::uint64_t size_max = 100;
    Scene scene{make_request(*rc::gen::inRange<std::uint64_t>(0, size_max)), {}, {}};
    if (*rc::gen::weightedElement<bool>({{1, true}, {4, false}})) scene.request.only = NodeId("a");
    for (const auto* id : {"a", "b", "c"}) {
        if (*rc::gen::weightedElement<bool>({{1, true}, {4, false}})) continue;
        scene.nodes.push_back(
            make_node(id, *rc::gen::inRange<std::uint64_t>(0, size_max), *rc::gen::arbitrary<bool>()));
        if (*rc::gen::arbitrary<bool>()) {
            const auto free = gpu_overhead + Bytes(*rc::gen::inRange<std::uint64_t>(0, size_max));
            scene.nodes.back().devices.push_back({"cuda:0", DeviceKind::cuda, free});
        }
        const auto count = *rc::gen::inRange(0, 5);
        for (int index = 0; index < count; ++index) {
            auto loaded = make_loaded(id + std::to_string(index), id, *rc::gen::inRange<std::uint64_t>(0, size_max));
            loaded.idle = std::chrono::seconds(*rc::gen::inRange(0, 100));
            loaded.reload = std::chrono::seconds(*rc::gen::inRange(0, 100));
            loaded.slots_busy = *rc::gen::inRange<std::uint32_t>(0, 2);
            loaded.device = *rc::gen::element<std::string>("cpu", "cuda:0");
            scene.loaded.push_back(loaded);
        }
    }
    return scene;
}

/// Memory of workers on that device that may leave.
std::uint64_t idle_memory(const Scene& scene, const NodeId& node, const std::string& device) {
    std::uint64_t sum = 0;
    for (const auto& loaded : scene.loaded) {
        if (loaded.node == node && loaded.device == device && loaded.slots_busy == 0) sum += loaded.memory.value;
    }
    return sum;
}

void check_placement(const Scene& scene, const Placement& found) {
    const auto node = std::ranges::find(scene.nodes, found.node, &NodeCandidate::node);
    RC_ASSERT((node != scene.nodes.end()));
    RC_ASSERT(node->has_file);
    RC_ASSERT((!scene.request.only || *scene.request.only == found.node));
    const auto device = std::ranges::find(node->devices, found.device, &DeviceRoom::id);
    RC_ASSERT((device != node->devices.end()));
    auto free = device->memory_free.value;
    auto smallest = std::numeric_limits<std::uint64_t>::max();
    for (const auto& id : found.evict) {
        const auto loaded = std::ranges::find(scene.loaded, id, &EvictionCandidate::worker);
        RC_ASSERT((loaded != scene.loaded.end()));
        RC_ASSERT((loaded->node == found.node));
        RC_ASSERT(loaded->device == found.device);
        RC_ASSERT(loaded->slots_busy == 0U);
        free += loaded->memory.value;
        smallest = std::min(smallest, loaded->memory.value);
    }
    const auto needed = memory_needed(scene.request.model_size, device->kind).value;
    RC_ASSERT(free >= needed);
    if (!found.evict.empty()) RC_ASSERT(free - smallest < needed);
}

RC_GTEST_PROP(PlacementProperty, FreesEnoughOfIdleWorkersAndEvictsNoneInVain, ()) {
    const auto scene = any_scene();

    const auto found = place(scene.request, scene.nodes, scene.loaded);

    if (found) {
        check_placement(scene, *found);
        return;
    }
    for (const auto& node : scene.nodes) {
        const bool is_usable = node.has_file && (!scene.request.only || *scene.request.only == node.node);
        if (!is_usable) continue;
        RC_ASSERT(found.error().kind == Kind::no_memory);
        for (const auto& device : node.devices) {
            RC_ASSERT(device.memory_free.value + idle_memory(scene, node.node, device.id) <
                      memory_needed(scene.request.model_size, device.kind).value);
        }
    }
}

}  // namespace
}  // namespace rbees::orchestrator
