#pragma once
/// @file
/// The control thread's hold of the fleet: it hears nodes, submits what follows to the kernel, has
/// the kernel's orders carried out (WorkerOrders), and publishes the picture that I/O threads route by.
///
/// Everything happens on the control thread; the only things that leave it are published pictures and answers, both
/// behind the kernel's output gate.

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/control/policy.hpp"
#include "rbees/control/pool_port.hpp"
#include "rbees/control/worker_orders.hpp"
#include "rbees/control/world.hpp"
#include "rbees/kernel/loop.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"
#include "rbees/orchestrator_core/placement.hpp"
#include "rbees/orchestrator_core/presence.hpp"

namespace rbees::control {

/// What happened to a request to the control thread.
template <class T>
using Checked = std::expected<T, contracts::Problem>;
using Done = Checked<void>;
using DoneReply = std::function<void(Done done)>;

/// How the last attempt to load a model failed.
struct LoadFailure {
    contracts::Problem problem;
    Instant at{};
};

/// A worker's soft state beside its entity.
struct WorkerLife {
    std::shared_ptr<orchestrator::SlotCounter> slots;  ///< once it is routable
    Instant ordered_at{};
    Duration load_time{};  ///< measured, once it is ready
    Instant last_busy{};
    Instant avoid_until{};                  ///< it could not be reached, or took nothing
    Duration avoid_pause{};                 ///< of the last time that it could not be reached; none since it was
    std::optional<Instant> unreachable_at;  ///< when that was seen last
};

/// What stands around the control.
struct Ports {
    World& world;
    PoolPort& pools;
    kernel::JournalPort& journal;
    Logger log;
};

class FleetControl {
  public:
    /// How long a pool manager that we know may take to come back before we go on without it.
    static constexpr Duration node_wait = std::chrono::seconds(15);

    using Publish = std::function<void(std::shared_ptr<const orchestrator::FleetView>)>;

    /// What it refers to must outlive it. `start` makes it run.
    FleetControl(Ports ports, const Policy& policy, kernel::State recovered);
    FleetControl(const FleetControl&) = delete;
    FleetControl& operator=(const FleetControl&) = delete;

    /// Publishes the first picture and watches heartbeats. `on_change` is called after each published change.
    void start(Publish publish, std::function<void()> on_change);
    void stop();

    /// A node says who it is and what it holds. Replies when its record is on disk. CONFLICT if a later report of it
    /// came first; STORAGE_FULL, STORAGE_FAILED.
    void register_node(contracts::NodeRegistration registration,
                       std::function<void(Checked<contracts::NodeRegistered>)> reply);
    /// Replies when what the report led to is on disk. CONFLICT if the node must register (again).
    void heartbeat(const NodeId& node, const contracts::Heartbeat& heartbeat,
                   std::function<void(Checked<contracts::HeartbeatAnswer>)> reply);
    /// The connection that held the node's heartbeat broke: its process may have died.
    void node_disconnected(const NodeId& node);

    /// Forgets a node, and ends its workers. Replies once that is on disk. NOT_FOUND, STORAGE_FULL, STORAGE_FAILED.
    void remove_node(const NodeId& node, DoneReply reply);

    /// A node has taken the order to download a model.
    void note_download(const NodeId& node, const contracts::DownloadReport& report) {
        presence_.note_download(node, report);
    }

    /// Somebody could not reach the worker, or it took nothing: it is left out of the picture for a moment, for longer
    /// each time that it is not reached in between.
    void worker_unreachable(const WorkerId& worker);
    void worker_refused(const WorkerId& worker);
    void worker_reached(const WorkerId& worker);

    /// Whether it could not be reached for so long that nobody should count on it.
    [[nodiscard]] bool is_given_up(const WorkerId& worker) const;
    [[nodiscard]] std::set<WorkerId> unreachable_workers() const;

    /// Any command of the kernel; the picture follows. `reply` comes once it is on disk.
    void submit(const kernel::Command& command, DoneReply reply);

    /// The same for what changes nothing in the picture: durable jobs and sessions, of which there are many. `reply`
    /// comes right before the command's effects, but for those that run ahead (kernel::runs_ahead): they run within
    /// this call.
    void submit_unpictured(const kernel::Command& command, kernel::Loop::Reply reply);

    /// Who carries out the effects of jobs.
    void run_jobs_with(std::function<void(const orchestrator::JobEffect&)> run) { run_job_ = std::move(run); }

    /// Orders a worker for the model where it fits best, after making room. The answer names it at once, before the
    /// order is on disk. MODEL_NOT_FOUND, POOL_UNAVAILABLE, INSUFFICIENT_MEMORY, INSUFFICIENT_VRAM, GPU_UNAVAILABLE, or
    /// STORAGE_FULL where it could not be recorded.
    [[nodiscard]] Checked<WorkerId> order_worker(const contracts::StartWorker& order);

    /// Gives the worker no new work, and has it stopped by its pool manager. Replies once that is on disk, not once it
    /// has ended. WORKER_NOT_FOUND, STORAGE_FULL, STORAGE_FAILED.
    void retire_worker(const WorkerId& worker, const std::string& reason, DoneReply reply);

    /// Calls `read` once everything it will see is on disk.
    void when_durable(std::function<void()> read) { loop_.when_durable(std::move(read)); }

    [[nodiscard]] const kernel::State& state() const { return loop_.state(); }
    [[nodiscard]] const orchestrator::Presence& presence() const { return presence_; }
    [[nodiscard]] const orchestrator::FleetView& view() const { return *view_; }
    [[nodiscard]] const WorkerLife* life_of(const WorkerId& worker) const;
    [[nodiscard]] std::optional<LoadFailure> load_failure(const ModelId& model) const;
    void forget_load_failure(const ModelId& model) { load_failures_.erase(model); }
    [[nodiscard]] PoolPort& pools() { return pools_; }
    [[nodiscard]] World& world() const { return world_; }
    [[nodiscard]] const kernel::LoopCounters& counters() const { return loop_.counters(); }

    /// The id that a reference means: of a known model, or of a file that a node holds under that id. Else
    /// MODEL_NOT_FOUND.
    [[nodiscard]] Checked<ModelId> model_id(const std::string& reference) const;

    /// The connected pool node with most free memory, or the one named. NOT_FOUND if that one is not connected;
    /// POOL_UNAVAILABLE if none is.
    [[nodiscard]] Checked<NodeId> choose_node(const std::optional<NodeId>& wanted) const;

  private:
    void run_effect(const kernel::Effect& effect);
    void run_orders(const std::vector<orchestrator::FleetEffect>& orders);
    void apply_report(const NodeId& node);
    void note(const orchestrator::FleetCommand& command);
    void note_failure(const orchestrator::BuryWorker& command);
    void note_load_failure(const ModelId& model, contracts::Problem problem);
    void load_refused(const WorkerId& id, const contracts::Problem& refusal);
    void changed();
    void publish(const std::shared_ptr<const orchestrator::FleetView>& view);
    [[nodiscard]] std::shared_ptr<const orchestrator::FleetView> build_view();
    [[nodiscard]] std::optional<orchestrator::RoutableWorker> routable_worker(const orchestrator::Worker& worker);
    [[nodiscard]] bool is_lost(const NodeId& node, const WorkerLife& life) const;
    void watch_heartbeats();
    void leave_alone(WorkerLife& life, Duration pause);
    void watch_unreachable();
    void forget_ended_workers();
    [[nodiscard]] bool knows_all_nodes() const;
    [[nodiscard]] std::vector<orchestrator::NodeCandidate> candidates(const ModelId& model) const;
    [[nodiscard]] std::vector<orchestrator::EvictionCandidate> eviction_candidates() const;
    [[nodiscard]] Bytes size_of(const ModelId& model) const;

    World& world_;
    PoolPort& pools_;
    const Policy& policy_;
    Logger log_;
    Instant started_at_;
    std::string orchestrator_;  ///< changes with each start
    orchestrator::Presence presence_;
    kernel::Loop loop_;
    std::map<WorkerId, WorkerLife> lives_;
    std::map<ModelId, LoadFailure> load_failures_;
    std::shared_ptr<const orchestrator::FleetView> view_;
    Publish publish_;
    std::function<void()> on_change_;
    std::function<void(const orchestrator::JobEffect&)> run_job_;
    std::unique_ptr<Timer> heartbeat_timer_;
    std::unique_ptr<Timer> unreachable_timer_;
    std::unique_ptr<Timer> node_wait_timer_;
    WorkerOrders orders_;
};

}  // namespace rbees::control
