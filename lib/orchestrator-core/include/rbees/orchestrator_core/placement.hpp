#pragma once
/// @file
/// Where a model is loaded, and what has to leave for it. Pure.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/nodes.hpp"

namespace rbees::orchestrator {

/// A device that a worker can run on.
struct DeviceRoom {
    std::string id;  ///< "cpu", "cuda:0"
    contracts::DeviceKind kind = contracts::DeviceKind::cpu;
    Bytes memory_free;  ///< of the CPU: what can be had without swapping; of a GPU: what its driver calls free
};

/// A node that could take the model.
struct NodeCandidate {
    NodeId node;
    std::vector<DeviceRoom> devices;
    bool has_file = false;
};

/// A loaded worker that could leave. `reload` is how long it took, or would take, to load it again.
struct EvictionCandidate {
    WorkerId worker;
    NodeId node;
    Bytes memory;
    Duration idle{};
    Duration reload{};
    std::uint32_t slots_busy = 0;
    std::string device = "cpu";  ///< whose memory it takes
};

struct PlacementRequest {
    Bytes model_size;                                  ///< of the file; 0 = unknown, a simulated model
    std::optional<NodeId> only;                        ///< the node that the user named
    std::optional<std::string> device = std::nullopt;  ///< likewise
};

struct Placement {
    NodeId node;
    std::vector<WorkerId> evict;  ///< they leave first
    std::string device;
};

/// Why nothing was found; `detail` is the sentence for people, with the numbers.
struct PlacementError {
    enum class Kind : std::uint8_t { no_node, no_file, no_device, no_memory, no_gpu_memory } kind{};
    std::string detail;
};

/// Beside the model on a GPU: CUDA's own context and the buffers of its libraries.
inline constexpr Bytes gpu_overhead = mebibytes(640);

/// Memory that a model of this size takes of such a device: its file, a fifth more for context and work buffers, on a
/// GPU `gpu_overhead` besides.
[[nodiscard]] Bytes memory_needed(Bytes model_size, contracts::DeviceKind kind = contracts::DeviceKind::cpu);

/// A device of a node with the file: the GPU with most free memory if that is enough, else the CPU with most. If none
/// has enough, workers without work in flight leave, highest `memory x idle / reload` first and none that need not, on
/// the device where the fewest bytes must go. A model of unknown size goes to a CPU: nobody can say what a GPU lacks.
[[nodiscard]] std::expected<Placement, PlacementError> place(const PlacementRequest& request,
                                                             const std::vector<NodeCandidate>& nodes,
                                                             const std::vector<EvictionCandidate>& loaded);

}  // namespace rbees::orchestrator
