#include "orcd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace rbees::simulation {
namespace {

/// Of the models that somebody keeps loaded, every third is the second one.
constexpr std::size_t second_model_each = 3;

ModelId model_number(std::size_t number) {
    return ModelId(number % second_model_each == second_model_each - 1 ? "sim:b" : "sim:a");
}

}  // namespace

Orcd::Life::Life(Stage& stage, Process& process, Directory& directory, Clockwork& clockwork)
    : world(process, clockwork), pools(stage, process, directory), workers(stage, process, directory) {
    policy.queue_capacity = stage.options.queue_capacity;
    policy.queue_policy = stage.options.queue_policy;
    policy.sessions_retain = stage.options.sessions_retain;
    policy.default_model = [] { return std::string("sim:a"); };
}

Orcd::Orcd(Stage& stage, Directory& directory)
    : stage_(stage),
      directory_(directory),
      process_(stage.agenda, "orcd", orcd_host),
      disk_(process_, stage.ledger, Random(stage.seed, "disk")),
      clockwork_{.random = Random(stage.seed, "salts")} {
    disk_.commit_time = stage.options.commit_time;
}

void Orcd::start() {
    if (process_.is_up()) return;
    stage_.note("orcd", "starts");
    stage_.ledger.restarted();
    auto recovered = disk_.recovered();
    if (!recovered) return stage_.verdict.wrong("recovery", recovered.error().message);
    process_.start();
    life_ = std::make_unique<Life>(stage_, process_, directory_, clockwork_);
    auto& life = *life_;
    life.fleet = std::make_unique<control::FleetControl>(control::Ports{life.world, life.pools, disk_, {}}, life.policy,
                                                         std::move(*recovered));
    life.demand = std::make_unique<control::Demand>(*life.fleet, life.policy);
    life.jobs = std::make_unique<control::JobControl>(*life.fleet, *life.demand, life.policy,
                                                      control::JobPorts{life.workers, disk_, {}});
    life.sessions = std::make_unique<control::SessionControl>(*life.fleet, *life.jobs, life.policy, Logger{});
    life.fleet->start([](const auto&) {},
                      [&life] {
                          life.demand->look();
                          life.jobs->look();
                      });
    life.world.post([&life] {
        life.jobs->start();
        life.sessions->start();
    });
}

void Orcd::die() {
    if (!process_.is_up()) return;
    stage_.note("orcd", "dies");
    process_.die();
    life_.reset();
    disk_.crashed();
}

void Orcd::register_node(const contracts::NodeRegistration& registration, std::function<void(RegisterAnswer)> answer) {
    life_->fleet->register_node(registration, std::move(answer));
}

/// Its answer is held back, so that either side notices at once when the other is gone.
void Orcd::heartbeat(Process& node, const NodeId& id, const contracts::Heartbeat& heartbeat,
                     std::function<void(HeartbeatAnswer)> answer) {
    const auto hold = std::chrono::milliseconds(heartbeat.hold_ms);
    life_->fleet->heartbeat(id, heartbeat, [this, &node, id, hold, answer = std::move(answer)](const auto& heard) {
        if (!heard || hold == Duration{}) return answer(heard);
        const auto life = node.life();
        const auto mourner = node.when_dead([this, id, mine = process_.life()] {
            if (mine != process_.life()) return;
            process_.after(stage_.network.delay(), [this, id] { life_->fleet->node_disconnected(id); });
        });
        process_.after(hold, [&node, life, mourner, answer, heard] {
            if (node.life() == life) node.forget(mourner);
            answer(heard);
        });
    });
}

void Orcd::keep_workers() {
    if (!process_.is_up() || process_.is_frozen()) return;
    auto& fleet = *life_->fleet;
    std::map<NodeId, std::size_t> nodes;
    for (const auto& [id, presence] : fleet.presence().nodes()) {
        if (presence.state == contracts::NodeState::ready) nodes[id] = 0;
    }
    std::size_t workers = 0;
    for (const auto& [id, worker] : fleet.state().fleet.workers()) {
        if (worker.state == contracts::WorkerState::draining) continue;
        ++workers;
        if (nodes.contains(worker.node)) ++nodes[worker.node];
    }
    for (; workers < stage_.options.workers && !nodes.empty(); ++workers) {
        const auto emptiest = std::ranges::min_element(nodes, {}, [](const auto& entry) { return entry.second; });
        const contracts::StartWorker order{.model = model_number(workers),
                                           .node = emptiest->first,
                                           .slots = stage_.options.slots,
                                           .context = {},
                                           .device = {}};
        if (!fleet.order_worker(order)) return;
        ++emptiest->second;
    }
}

void Orcd::stop_a_worker(std::uint32_t which) {
    if (!process_.is_up() || process_.is_frozen()) return;
    const auto& workers = life_->fleet->state().fleet.workers();
    if (workers.empty()) return;
    const auto chosen = std::next(workers.begin(), static_cast<std::ptrdiff_t>(which % workers.size()));
    life_->fleet->retire_worker(WorkerId(chosen->first), "somebody stopped it", {});
}

void Orcd::hear_late_commands() {
    if (!process_.is_up() || process_.is_frozen()) return;
    const auto jobs = life_->fleet->state().jobs.jobs();
    for (const auto& [id, job] : jobs) {
        const bool runs = job.state == contracts::TaskState::dispatched || job.state == contracts::TaskState::running;
        const auto late = runs ? job.attempt - 1 : job.attempt;
        if (late == 0) continue;
        stage_.count("late commands");
        orchestrator::StoreFrames store{.job = id,
                                        .attempt = late,
                                        .frames = {{"token", R"({"t":"late ","i":0})"}},
                                        .ids = {0},
                                        .tokens = Tokens(1),
                                        .start = {},
                                        .at = life_->world.wall_now(),
                                        .salt = life_->world.new_salt()};
        life_->fleet->submit_unpictured(orchestrator::JobCommand{std::move(store)}, [](const auto&) {});
    }
}

std::optional<std::string> Orcd::unrest() const {
    if (!life_) return "rbees-orcd does not run";
    const auto& life = *life_;
    if (!life.chats.empty()) return fmt::format("{} requests are not answered", life.chats.size());
    if (life.demand->waiting() != 0) return fmt::format("{} wait in the queue", life.demand->waiting());
    if (!life.fleet->state().jobs.jobs().empty()) return "a job has not ended";
    for (const auto& worker : life.fleet->view().workers) {
        if (worker.slots->used() != 0) {
            return fmt::format("{} slots of worker {} were not given back", worker.slots->used(), worker.id.str());
        }
    }
    return std::nullopt;
}

}  // namespace rbees::simulation
