#include "rbees/control/worker_orders.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "rbees/base/crash_point.hpp"
#include "rbees/base/overloaded.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;

bool was_not_reached(const PoolAnswer& answer) {
    return !answer && answer.error().code == ErrorCode::POOL_UNAVAILABLE;
}

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
                   [this](const orchestrator::SpawnEffect& spawn) { start(spawn); },
                   [this](const orchestrator::StopEffect& leaving) { stop(leaving); },
               },
               effect);
}

void WorkerOrders::start(const orchestrator::SpawnEffect& effect) {
    const auto* worker = ports_.fleet.find(effect.worker);
    if (worker != nullptr && must_wait(worker->id)) return postponed_.push_back(effect);
    room_makers_.erase(effect.worker);
    if (worker == nullptr) return;  // it ended meanwhile
    auto pool = address_of(ports_.presence, worker->node);
    if (!pool) return missed(worker->node);
    contracts::SpawnWorker order;
    order.worker_id = worker->id;
    order.model = worker->model;
    order.slots = worker->slots;
    order.context = worker->context;
    order.device = worker->device;
    ports_.pools.spawn(std::move(*pool), std::move(order),
                       [this, id = worker->id, node = worker->node](const PoolAnswer& answer) {
                           if (answer) return crash_point(CrashPoint::spawn_run_not_recorded);
                           if (was_not_reached(answer)) return missed(node);
                           ports_.refused(id, answer.error());
                       });
}

void WorkerOrders::stop(const orchestrator::StopEffect& effect) {
    auto pool = address_of(ports_.presence, effect.node);
    if (!pool) return missed(effect.node);
    contracts::StopWorker order;
    order.worker_id = effect.worker;
    ports_.pools.stop(std::move(*pool), std::move(order), [this, effect](const PoolAnswer& answer) {
        if (was_not_reached(answer)) return missed(effect.node);
        if (!answer && answer.error().code == ErrorCode::WORKER_NOT_FOUND) ports_.had_ended(effect.worker);
    });
}

bool WorkerOrders::must_wait(const WorkerId& worker) const {
    const auto found = room_makers_.find(worker);
    if (found == room_makers_.end()) return false;
    return std::ranges::any_of(found->second,
                               [this](const WorkerId& leaving) { return ports_.fleet.find(leaving) != nullptr; });
}

void WorkerOrders::run_postponed() {
    for (const auto& effect : std::exchange(postponed_, {})) {
        start(effect);
    }
}

void WorkerOrders::repeat(const NodeId& node) {
    missed_.erase(node);
    if (ports_.presence.find(node) == nullptr) return;
    for (const auto& effect : ports_.fleet.reconcile()) {
        const auto& id = std::visit([](const auto& one) -> const WorkerId& { return one.worker; }, effect);
        const auto* worker = ports_.fleet.find(id);
        if (worker == nullptr || worker->node != node) continue;
        const bool is_start = std::holds_alternative<orchestrator::SpawnEffect>(effect);
        if (is_start && ports_.presence.report_of(*worker) != nullptr) continue;
        run(effect);
    }
}

void WorkerOrders::heard(const NodeId& node) {
    if (missed_.contains(node)) repeat(node);
}

void WorkerOrders::missed(const NodeId& node) {
    if (ports_.fleet.find(node) != nullptr) missed_.insert(node);
}

}  // namespace rbees::control
