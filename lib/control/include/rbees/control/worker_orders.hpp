#pragma once
/// @file
/// Carries out at pool managers what the kernel orders: that a worker is started, or stopped.
///
/// An order names its worker, so it may be repeated, and it is, because a call may be lost on the way: all orders of a
/// node when it registers, and those that may not have reached it when it is heard of again.
///
/// On the control thread.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/control/pool_port.hpp"
#include "rbees/orchestrator_core/fleet.hpp"
#include "rbees/orchestrator_core/presence.hpp"

namespace rbees::control {

/// Where the node's pool manager is reached; nothing if the node is not here.
[[nodiscard]] std::optional<PoolAddress> address_of(const orchestrator::Presence& presence, const NodeId& node);

/// What stands around the orders; all of it must outlive them.
struct OrderPorts {
    PoolPort& pools;
    const orchestrator::Fleet& fleet;
    const orchestrator::Presence& presence;

    /// The pool manager does not start the worker.
    std::function<void(const WorkerId& worker, const contracts::Problem& why)> refused;

    /// A worker that was to be stopped is not there.
    std::function<void(const WorkerId& worker)> had_ended;
};

class WorkerOrders {
  public:
    explicit WorkerOrders(OrderPorts ports) : ports_(std::move(ports)) {}
    WorkerOrders(const WorkerOrders&) = delete;
    WorkerOrders& operator=(const WorkerOrders&) = delete;

    /// To be said before the worker's start is run: these make room for it, so it is started when they have ended. None
    /// takes that back.
    void start_after(const WorkerId& worker, std::vector<WorkerId> leaving);

    void run(const orchestrator::FleetEffect& effect);

    /// Workers ended: who waited for their room may start.
    void run_postponed();

    /// Repeats every order of the node that it does not say to have carried out.
    void repeat(const NodeId& node);

    /// The node is heard of: the same, if it may have missed one.
    void heard(const NodeId& node);

    /// The node was removed.
    void forget(const NodeId& node) { missed_.erase(node); }

  private:
    void start(const orchestrator::SpawnEffect& effect);
    void stop(const orchestrator::StopEffect& effect);
    void missed(const NodeId& node);
    [[nodiscard]] bool must_wait(const WorkerId& worker) const;

    OrderPorts ports_;
    std::map<WorkerId, std::vector<WorkerId>> room_makers_;  ///< of workers that are not started yet
    std::vector<orchestrator::SpawnEffect> postponed_;       ///< starts that wait for room
    std::set<NodeId> missed_;                                ///< nodes that an order may not have reached
};

}  // namespace rbees::control
