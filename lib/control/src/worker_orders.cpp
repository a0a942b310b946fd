#include "rbees/control/worker_orders.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "rbees/base/crash_point.hpp"
#include "rbees/base/overloaded.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;

}  // namespace

std::optional<PoolAddress> address_of(const orchestrator::Presence& presence, const NodeId& node) {
    const auto* found = presence.find(node);
    if (found == nullptr || found->state == contracts::NodeState::lost) return std::nullopt;
    return PoolAddress{found->url, found->call_token};
}

void WorkerOrders::start_after(const WorkerId& worker, std::vector<WorkerId> leaving) {
    if (leaving.empty()) {
        room_makers_.erase(worker);
    } else {
        room_makers_.insert_or_assign(worker, std::move(leaving));
    }
}

void WorkerOrders::run(const orchestrator::FleetEffect& effect) {
    std::visit(overloaded{
                   [this](const orchestrator::SpawnEffect& spawn) { start(spawn.worker); },
                   [this](const orchestrator::StopEffect& leaving) { stop(leaving); },
               },
               effect);
}

void WorkerOrders::start(const WorkerId& id) {
    const auto* worker = ports_.fleet.find(id);
    const bool is_wanted = worker != nullptr && worker->state == contracts::WorkerState::starting;
    if (is_wanted && must_wait(id)) {
        postponed_.insert(id);
        return;
    }
    room_makers_.erase(id);
    if (!is_wanted || ports_.presence.report_of(*worker) != nullptr) return;
    auto pool = address_of(ports_.presence, worker->node);
    if (!pool) return missed(id, worker->node);
    if (!starting_.insert(id).second) return;
    contracts::SpawnWorker order;
    order.worker_id = id;
    order.model = worker->model;
    order.slots = worker->slots;
    order.context = worker->context;
    order.device = worker->device;
    ports_.pools.spawn(std::move(*pool), std::move(order), [this, id, node = worker->node](const PoolAnswer& answer) {
        starting_.erase(id);
        if (answer) return crash_point(CrashPoint::spawn_run_not_recorded);
        if (answer.error().code == ErrorCode::POOL_UNAVAILABLE) return missed(id, node);
        ports_.refused(id, answer.error());
    });
}

void WorkerOrders::stop(const orchestrator::StopEffect& effect) {
    auto pool = address_of(ports_.presence, effect.node);
    if (!pool) return missed(effect.worker, effect.node);
    if (!stopping_.insert(effect.worker).second) return;
    contracts::StopWorker order;
    order.worker_id = effect.worker;
    ports_.pools.stop(std::move(*pool), std::move(order), [this, effect](const PoolAnswer& answer) {
        stopping_.erase(effect.worker);
        if (answer) return;
        if (answer.error().code == ErrorCode::WORKER_NOT_FOUND) return ports_.had_ended(effect.worker);
        ports_.log.warning("a worker could not be told to stop",
                           {{"worker", effect.worker.str()}, {"reason", answer.error().detail}});
        missed(effect.worker, effect.node);
    });
}

bool WorkerOrders::must_wait(const WorkerId& worker) const {
    const auto found = room_makers_.find(worker);
    if (found == room_makers_.end()) return false;
    return std::ranges::any_of(found->second,
                               [this](const WorkerId& leaving) { return ports_.fleet.find(leaving) != nullptr; });
}

void WorkerOrders::run_postponed() {
    for (const auto& worker : std::exchange(postponed_, {})) {
        start(worker);
    }
}

std::vector<orchestrator::FleetEffect> WorkerOrders::owed_to(const NodeId& node) const {
    auto orders = ports_.fleet.reconcile();
    std::erase_if(orders, [&](const auto& effect) {
        const auto& id = std::visit([](const auto& one) -> const WorkerId& { return one.worker; }, effect);
        return ports_.fleet.find(id)->node != node;
    });
    return orders;
}

std::vector<orchestrator::FleetEffect> WorkerOrders::take_missed(const NodeId& node) {
    if (missed_.empty()) return {};
    auto orders = owed_to(node);
    std::erase_if(orders, [&](const auto& effect) {
        return !missed_.contains(std::visit([](const auto& one) { return one.worker; }, effect));
    });
    std::erase_if(missed_, [&](const auto& entry) { return entry.second == node; });
    return orders;
}

void WorkerOrders::missed(const WorkerId& worker, const NodeId& node) {
    if (ports_.fleet.find(worker) != nullptr) missed_.insert_or_assign(worker, node);
}

}  // namespace rbees::control
