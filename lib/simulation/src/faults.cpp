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

void House::befall(const Fault& fault) {
    if (is_calm_) return;
    const auto kind = reflect::name_of(fault.kind);
    stage_.note("house", "fault", kind, fault.target);
    stage_.count("fault " + std::string(kind));
    switch (fault.kind) {
        case FaultKind::orcd_crash:
        case FaultKind::torn_commit:
        case FaultKind::failed_commit:
        case FaultKind::orcd_freeze:
        case FaultKind::everything_crash:
            return befall_orcd(fault);
        case FaultKind::pool_crash:
        case FaultKind::pool_freeze:
        case FaultKind::worker_crash:
        case FaultKind::worker_freeze:
        case FaultKind::node_reboot:
            return befall_node(fault);
        case FaultKind::slow_disk:
        case FaultKind::full_disk:
            return befall_disk(fault);
        case FaultKind::clock_jump:
        case FaultKind::worker_stop:
        case FaultKind::load_failure:
        case FaultKind::clients_leave:
        case FaultKind::late_command:
            return befall_others(fault);
        default:
            return befall_network(fault);
    }
}

void House::befall_orcd(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::torn_commit:
            return orcd_.disk().during_next_commit([this, fault] { crash_orcd(fault.lasts); });
        case FaultKind::failed_commit:
            return orcd_.disk().fail_next_commit([this, fault] { crash_orcd(fault.lasts); });
        case FaultKind::orcd_freeze:
            return freeze(orcd_.process(), fault.lasts);
        case FaultKind::everything_crash:
            for (const auto& node : nodes_) {
                crash_node(*node, fault.lasts);
            }
            return crash_orcd(fault.lasts);
        default:
            return crash_orcd(fault.lasts);
    }
}

void House::befall_node(const Fault& fault) {
    auto& node = node_of(fault);
    auto* worker = living_worker(fault);
    switch (fault.kind) {
        case FaultKind::pool_freeze:
            return freeze(node.process(), fault.lasts);
        case FaultKind::worker_crash:
            if (worker != nullptr) worker->die();
            return;
        case FaultKind::worker_freeze:
            if (worker != nullptr) freeze(worker->process(), fault.lasts);
            return;
        case FaultKind::node_reboot:
            return crash_node(node, fault.lasts);
        default:
            node.die();
            return later(fault.lasts, [&node] {
                if (!node.process().is_up()) node.start();
            });
    }
}

void House::befall_network(const Fault& fault) {
    const auto host = node_of(fault).host();
    switch (fault.kind) {
        case FaultKind::cut_both:
            cut(orcd_host, host, fault.lasts);
            return cut(host, orcd_host, fault.lasts);
        case FaultKind::cut_to_node:
            return cut(orcd_host, host, fault.lasts);
        case FaultKind::cut_from_node:
            return cut(host, orcd_host, fault.lasts);
        case FaultKind::cut_clients:
            cut(orcd_host, client_host, fault.lasts);
            return cut(client_host, orcd_host, fault.lasts);
        default:
            return bad_weather(fault);
    }
}

/// For everybody, until it changes again.
void House::bad_weather(const Fault& fault) {
    Weather weather;
    const auto much = static_cast<std::uint32_t>(fault.amount);
    if (fault.kind == FaultKind::loss) weather.loss_per_mille = 50 + much / 4;
    if (fault.kind == FaultKind::duplicates) weather.duplicates_per_mille = 200 + much / 2;
    if (fault.kind == FaultKind::reordering) weather.delay_max = 10ms + Duration(1ms) * much;
    if (fault.kind == FaultKind::slow_network) weather.delay_min = weather.delay_max = 50ms + Duration(1ms) * much;
    stage_.network.weather = weather;
    later(fault.lasts, [this, mine = ++weather_] {
        if (mine == weather_) stage_.network.weather = {};
    });
}

void House::befall_disk(const Fault& fault) {
    auto& disk = orcd_.disk();
    if (fault.kind == FaultKind::slow_disk) {
        disk.commit_time = plan_.options.commit_time * (2 + fault.amount * slowness_max / 1'000);
        return later(fault.lasts, [this, &disk] { disk.commit_time = plan_.options.commit_time; });
    }
    // Below the watermark nothing begins; near the reserve, nothing but what ends something goes on.
    constexpr kernel::Urgency levels[] = {kernel::Urgency::ordinary, kernel::Urgency::progress,
                                          kernel::Urgency::closing};
    disk.full_for = levels[fault.amount % std::size(levels)];
    later(fault.lasts, [&disk] { disk.full_for.reset(); });
}

void House::befall_others(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::clock_jump:
            return orcd_.set_clock(clock_step * (static_cast<std::int64_t>(fault.amount) - 500));
        case FaultKind::worker_stop:
            return orcd_.stop_a_worker(fault.target);
        case FaultKind::load_failure: {
            auto& node = node_of(fault);
            node.loads_fail = true;
            return later(fault.lasts, [&node] { node.loads_fail = false; });
        }
        case FaultKind::clients_leave:
            for (const auto& client : clients_) {
                client->disconnect();
            }
            return;
        default:
            return orcd_.hear_late_commands();
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

void House::crash_node(PoolNode& node, Duration lasts) {
    node.die();
    for (const auto& [url, worker] : node.workers()) {
        worker->die();
    }
    later(lasts, [&node] {
        if (!node.process().is_up()) node.start();
    });
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
