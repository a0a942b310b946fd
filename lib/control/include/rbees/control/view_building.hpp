#pragma once
/// @file
/// Pictures of the fleet: for I/O threads to route by, and for clients to read. Pure functions over the control
/// thread's state.

#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/control/fleet_control.hpp"

namespace rbees::control {

/// Whether the node's word counts: it is heard, or was a moment ago.
[[nodiscard]] bool is_connected(const orchestrator::Presence& presence, const NodeId& node);

/// Models whose file lies on a connected node, or that a worker has loaded; the default first, then by id.
/// `wanted_default` is what the configuration or `rbees up` names; may be empty.
[[nodiscard]] std::vector<orchestrator::UsableModel> usable_models(const kernel::State& state,
                                                                   const orchestrator::Presence& presence,
                                                                   const std::string& wanted_default);

/// All nodes that are known, connected or not, by id.
[[nodiscard]] std::vector<contracts::NodeView> node_views(const FleetControl& fleet);

/// All workers that are in memory, by id; after them what nodes report that nobody can prove to be ours.
[[nodiscard]] std::vector<contracts::WorkerView> worker_views(const FleetControl& fleet);

/// The catalogue, what users added, and what lies on disks, by id.
[[nodiscard]] std::vector<contracts::ModelView> model_views(const FleetControl& fleet);

/// Nothing if no such node is known.
[[nodiscard]] std::optional<contracts::NodeView> node_view(const FleetControl& fleet, const NodeId& id);

/// Nothing if no such worker is in memory: it may have ended, and its row lies in the store.
[[nodiscard]] std::optional<contracts::WorkerView> worker_view(const FleetControl& fleet, const WorkerId& id);

/// The model of that id or reference, if it is known.
[[nodiscard]] std::optional<contracts::ModelView> model_view(const FleetControl& fleet, const std::string& reference);

/// An entity that has ended, as its row tells it.
[[nodiscard]] contracts::WorkerView worker_view_of(const orchestrator::Worker& worker);

}  // namespace rbees::control
