#pragma once
/// @file
/// The soft state of the fleet: who is connected, what each node said last, and what follows from it.
///
/// Lost at a restart on purpose, and rebuilt within a moment, because every node registers again. A node that is one
/// silent heartbeat short of being lost, or whose heartbeat connection broke, is suspect: it keeps its work and gets no
/// more. After `missed` heartbeats it is lost: its workers count as gone until it is back.
///
/// Pure: time comes in with each call. Not thread-safe; owned by the control thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/orchestrator_core/fleet.hpp"

namespace rbees::orchestrator {

/// What a node that registered with this process told.
struct NodePresence {
    std::string url;
    std::string call_token;  ///< what we show on its routes
    contracts::NodeStatus status;
    Instant heard_at{};
    contracts::NodeState state = contracts::NodeState::ready;
    std::string reason;
};

struct PresenceTiming {
    Duration interval{};       ///< between heartbeats
    std::uint32_t missed = 3;  ///< after so many a node is lost; at least 2
};

/// How fresh a status is that came in.
enum class Freshness : std::uint8_t {
    newer,
    stale,    ///< overtaken by a later one: what it says is ignored
    unknown,  ///< that start of the node's pool manager did not register here
};

class Presence {
  public:
    explicit Presence(PresenceTiming timing) : timing_(timing) {}

    /// A node registers: whatever was known of it is replaced, unless this was overtaken by what it told later (stale).
    /// Starts of different boots cannot be compared: the one that comes last counts.
    [[nodiscard]] Freshness registered(const contracts::NodeRegistration& registration, Instant now);

    /// A heartbeat came. A stale one is a sign of life all the same.
    [[nodiscard]] Freshness heard(const NodeId& node, const contracts::NodeStatus& status, Instant now);

    /// What a node answered to an order to download: a look at the model must not see the time before it.
    void note_download(const NodeId& node, const contracts::DownloadReport& report);

    /// The connection that carried its heartbeats broke.
    void disconnected(const NodeId& node);

    void removed(const NodeId& node) { nodes_.erase(node); }

    /// Brings states up to date. Returns the nodes whose state changed.
    [[nodiscard]] std::vector<NodeId> tick(Instant now);

    /// When `tick` may have something to do.
    [[nodiscard]] std::optional<Instant> next_change() const;

    [[nodiscard]] const NodePresence* find(const NodeId& node) const;
    [[nodiscard]] const std::map<NodeId, NodePresence>& nodes() const { return nodes_; }

    /// The node's report about a worker, if it is there.
    [[nodiscard]] const contracts::WorkerReport* report_of(const Worker& worker) const;

  private:
    [[nodiscard]] Instant suspect_at(const NodePresence& node) const;
    [[nodiscard]] Instant lost_at(const NodePresence& node) const;

    PresenceTiming timing_;
    std::map<NodeId, NodePresence> nodes_;
};

/// What a node's report means for the durable fleet, as commands: workers that became ready, are being stopped, ended,
/// or are new to us.
/// A worker that we know and the report lacks has ended, unless it was ordered and never seen: then the order is
/// repeated elsewhere (`Fleet::reconcile`). Orphans are left alone.
[[nodiscard]] std::vector<FleetCommand> reconcile_report(const Fleet& fleet, const NodeId& node,
                                                         const contracts::NodeStatus& status, WallTime at);

}  // namespace rbees::orchestrator
