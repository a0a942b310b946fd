/// @file
/// What each fault does, and how it ends.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "house.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::simulation {
namespace {

using std::chrono_literals::operator""ms;

/// A disk that is slow takes so much longer, at most.
constexpr std::uint64_t slowness_max = 400;

/// The wall clock is set by up to so much, forwards or back.
constexpr std::chrono::milliseconds clock_step{7'200};

}  // namespace

/// The compiler names a kind that is missing, since nothing catches the rest.
void House::befall(const Fault& fault) {
    if (is_calm_) return;
    const auto kind = reflect::name_of(fault.kind);
    stage_.note("house", "fault", kind, fault.target);
    stage_.count("fault " + std::string(kind));
    const auto lasts = fault.lasts;
    const auto much = static_cast<std::uint32_t>(fault.amount);
    auto& node = node_of(fault);
    switch (fault.kind) {
        case FaultKind::orcd_crash:
            return crash_orcd(lasts);
        case FaultKind::torn_commit:
            return orcd_.disk().during_next_commit([this, lasts] { crash_orcd(lasts); });
        case FaultKind::failed_commit:
            return orcd_.disk().fail_next_commit([this, lasts] { crash_orcd(lasts); });
        case FaultKind::orcd_freeze:
            return freeze(orcd_.process(), lasts);
        case FaultKind::pool_crash:
            return crash_pool(node, lasts);
        case FaultKind::pool_freeze:
            return freeze(node.process(), lasts);
        case FaultKind::worker_crash:
        case FaultKind::worker_freeze:
            return befall_worker(fault);
        case FaultKind::node_reboot:
            return crash_node(node, lasts);
        case FaultKind::everything_crash:
            return crash_everything(lasts);
        case FaultKind::cut_both:
            return cut_apart(orcd_host, node.host(), lasts);
        case FaultKind::cut_to_node:
            return cut(orcd_host, node.host(), lasts);
        case FaultKind::cut_from_node:
            return cut(node.host(), orcd_host, lasts);
        case FaultKind::cut_clients:
            return cut_apart(orcd_host, client_host, lasts);
        case FaultKind::loss:
            return change_weather({.loss_per_mille = 50 + much / 4}, lasts);
        case FaultKind::duplicates:
            return change_weather({.duplicates_per_mille = 200 + much / 2}, lasts);
        case FaultKind::reordering:
            return change_weather({.delay_max = 10ms + 1ms * much}, lasts);
        case FaultKind::slow_network:
            return change_weather({.delay_min = 50ms + 1ms * much, .delay_max = 50ms + 1ms * much}, lasts);
        case FaultKind::slow_disk:
            return slow_disk(fault);
        case FaultKind::full_disk:
            return fill_disk(fault);
        case FaultKind::clock_jump:
            return orcd_.set_clock(clock_step * (static_cast<std::int64_t>(fault.amount) - 500));
        case FaultKind::worker_stop:
            return orcd_.stop_a_worker(fault.target);
        case FaultKind::load_failure:
            return fail_loads(node, lasts);
        case FaultKind::clients_leave:
            return disconnect_clients();
        case FaultKind::late_command:
            return orcd_.hear_late_commands();
    }
}

/// One that lives, if any does.
void House::befall_worker(const Fault& fault) {
    auto* worker = living_worker(fault);
    if (worker == nullptr) return;
    if (fault.kind == FaultKind::worker_crash) return worker->die();
    freeze(worker->process(), fault.lasts);
}

/// For everybody, until it changes again.
void House::change_weather(const Weather& weather, Duration lasts) {
    stage_.network.weather = weather;
    later(lasts, [this, mine = ++weather_] {
        if (mine == weather_) stage_.network.weather = {};
    });
}

void House::slow_disk(const Fault& fault) {
    auto& disk = orcd_.disk();
    disk.commit_time = plan_.options.commit_time * (2 + fault.amount * slowness_max / 1'000);
    later(fault.lasts, [this, &disk] { disk.commit_time = plan_.options.commit_time; });
}

void House::fill_disk(const Fault& fault) {
    auto& disk = orcd_.disk();
    // Below the watermark nothing begins; near the reserve, nothing but what ends something goes on.
    constexpr kernel::Urgency levels[] = {kernel::Urgency::ordinary, kernel::Urgency::progress,
                                          kernel::Urgency::closing};
    disk.full_for = levels[fault.amount % std::size(levels)];
    later(fault.lasts, [&disk] { disk.full_for.reset(); });
}

void House::fail_loads(PoolNode& node, Duration lasts) {
    node.loads_fail = true;
    later(lasts, [&node] { node.loads_fail = false; });
}

void House::disconnect_clients() {
    for (const auto& client : clients_) {
        client->disconnect();
    }
}

void House::later(Duration lasts, std::function<void()> what) {
    stage_.agenda.after(lasts, [this, what = std::move(what)] {
        if (!is_calm_) what();
    });
}

void House::crash_orcd(Duration lasts) {
    if (is_calm_) return;  // the commit that was to break it is under way while the faults end
    orcd_.die();
    later(lasts, [this] { orcd_.start(); });
}

void House::crash_pool(PoolNode& node, Duration lasts) {
    node.die();
    start_later(node, lasts);
}

void House::crash_node(PoolNode& node, Duration lasts) {
    node.die();
    for (const auto& [url, worker] : node.workers()) {
        worker->die();
    }
    start_later(node, lasts);
}

void House::start_later(PoolNode& node, Duration lasts) {
    later(lasts, [&node] {
        if (!node.process().is_up()) node.start();
    });
}

void House::crash_everything(Duration lasts) {
    for (const auto& node : nodes_) {
        crash_node(*node, lasts);
    }
    crash_orcd(lasts);
}

void House::freeze(Process& process, Duration lasts) {
    process.freeze();
    later(lasts, [&process, life = process.life()] {
        if (life == process.life()) process.thaw();
    });
}

void House::cut(Host from, Host to, Duration lasts) {
    stage_.network.cut(from, to);
    later(lasts, [this, from, to] { stage_.network.heal(from, to); });
}

void House::cut_apart(Host one, Host other, Duration lasts) {
    cut(one, other, lasts);
    cut(other, one, lasts);
}

PoolNode& House::node_of(const Fault& fault) {
    return *nodes_[fault.target % nodes_.size()];
}

/// One of those that live, if any does.
WorkerProcess* House::living_worker(const Fault& fault) {
    std::vector<WorkerProcess*> living;
    for (const auto& node : nodes_) {
        for (const auto& [url, worker] : node->workers()) {
            if (worker->process().is_up()) living.push_back(worker.get());
        }
    }
    return living.empty() ? nullptr : living[fault.target % living.size()];
}

}  // namespace rbees::simulation
