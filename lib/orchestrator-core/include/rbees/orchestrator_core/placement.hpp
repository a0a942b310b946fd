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

namespace rbees::orchestrator {

/// A node that could take the model.
struct NodeCandidate {
    NodeId node;
    Bytes memory_free;
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
};

struct PlacementRequest {
    Bytes model_size;            ///< of the file; 0 = unknown, a simulated model
    std::optional<NodeId> only;  ///< the node that the user named
};

struct Placement {
    NodeId node;
    std::vector<WorkerId> evict;  ///< they leave first
};

/// Why nothing was found; `detail` is the sentence for people, with the numbers.
struct PlacementError {
    enum class Kind : std::uint8_t { no_node, no_file, no_memory } kind{};
    std::string detail;
};

/// Memory that a model of this size takes: its file, a fifth more for context and work buffers.
[[nodiscard]] Bytes memory_needed(Bytes model_size);

/// The node with the file and most free memory. If no node has enough, workers without work in flight leave, highest
/// `memory x idle / reload` first and none that need not, on the node where the fewest bytes must go.
[[nodiscard]] std::expected<Placement, PlacementError> place(const PlacementRequest& request,
                                                             const std::vector<NodeCandidate>& nodes,
                                                             const std::vector<EvictionCandidate>& loaded);

}  // namespace rbees::orchestrator
