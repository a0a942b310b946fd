#pragma once
/// @file
/// Carries out at pool managers what the kernel orders: that a worker is started, or stopped.
///
/// An order names its worker, so it may be repeated, and it is, because a call may be lost on the way: all that a node
/// is owed when it registers, and those that may not have reached it when it is heard of again. None is under way
/// twice.
///
/// On the control thread.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/log.hpp"
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

    Logger log;
};

class WorkerOrders {
  public:
    explicit WorkerOrders(OrderPorts ports) : ports_(std::move(ports)) {}
    WorkerOrders(const WorkerOrders&) = delete;
    WorkerOrders& operator=(const WorkerOrders&) = delete;

    /// To be said before the worker's start is run: these make room for it, so it is started when they have ended. None
    /// takes that back.
    void start_after(const WorkerId& worker, std::vector<WorkerId> leaving);

    /// Only of what is on disk. A start of what is not to start any more does nothing.
    void run(const orchestrator::FleetEffect& effect);

    /// Workers ended: who waited for their room may start.
    void run_postponed();

    /// What the node is to be told when it registers, as of this moment: to be run once this moment is on disk.
    [[nodiscard]] std::vector<orchestrator::FleetEffect> owed_to(const NodeId& node) const;

    /// Likewise when it is heard of: what it may have missed. They count as told from then on.
    [[nodiscard]] std::vector<orchestrator::FleetEffect> take_missed(const NodeId& node);

  private:
    void start(const WorkerId& id);
    void stop(const orchestrator::StopEffect& effect);
    void missed(const WorkerId& worker, const NodeId& node);
    [[nodiscard]] bool must_wait(const WorkerId& worker) const;

    OrderPorts ports_;
    std::map<WorkerId, std::vector<WorkerId>> room_makers_;  ///< of workers that are not started yet
    std::set<WorkerId> postponed_;                           ///< they wait for that room
    std::map<WorkerId, NodeId> missed_;                      ///< an order for them may not have arrived
    std::set<WorkerId> starting_;                            ///< calls that are under way
    std::set<WorkerId> stopping_;                            ///< likewise
};

}  // namespace rbees::control
