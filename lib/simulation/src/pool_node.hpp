#pragma once
/// @file
/// A machine: its pool manager, which keeps the real life of each worker, and the workers' processes, which outlive it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/control/pool_port.hpp"
#include "rbees/pool_core/early_stops.hpp"
#include "rbees/pool_core/worker_lifecycle.hpp"
#include "stage.hpp"
#include "worker.hpp"

namespace rbees::simulation {

using RegisterAnswer = std::expected<contracts::NodeRegistered, contracts::Problem>;
using HeartbeatAnswer = std::expected<contracts::HeartbeatAnswer, contracts::Problem>;

/// The routes of rbees-orcd for nodes. They run in its process.
class NodeRoutes {
  public:
    NodeRoutes() = default;
    NodeRoutes(const NodeRoutes&) = delete;
    NodeRoutes& operator=(const NodeRoutes&) = delete;
    virtual ~NodeRoutes() = default;

    [[nodiscard]] virtual Process& process() = 0;
    virtual void register_node(const contracts::NodeRegistration& registration,
                               std::function<void(RegisterAnswer)> answer) = 0;
    virtual void heartbeat(Process& node, const NodeId& id, const contracts::Heartbeat& heartbeat,
                           std::function<void(HeartbeatAnswer)> answer) = 0;
};

class PoolNode {
  public:
    PoolNode(Stage& stage, NodeRoutes& orcd, std::uint32_t number);

    [[nodiscard]] Process& process() { return process_; }
    [[nodiscard]] const NodeId& id() const { return id_; }
    [[nodiscard]] std::string url() const { return "http://" + process_.name(); }
    [[nodiscard]] Host host() const { return process_.host(); }

    void start();

    /// Its workers do not notice.
    void die();

    // Its routes.
    [[nodiscard]] control::PoolAnswer spawn(const contracts::SpawnWorker& order);
    [[nodiscard]] control::PoolAnswer stop(const contracts::StopWorker& order);

    /// Every worker that ever ran here, by url.
    [[nodiscard]] const std::map<std::string, std::unique_ptr<WorkerProcess>>& workers() const { return workers_; }

    bool loads_fail = false;  ///< from now on, for workers that start

  private:
    /// What the pool manager keeps of a worker; lost when it dies.
    struct Live {
        pool::Worker life;
        WorkerProcess* process = nullptr;
    };

    // Workers.
    void handle(const WorkerId& id, const pool::WorkerCommand& command);
    void carry_out(const WorkerId& id, pool::WorkerEffect effect);
    void launch(const WorkerId& id);
    void watch(const WorkerId& id, WorkerProcess& worker);
    void loaded(const WorkerId& id);
    void adopt();
    [[nodiscard]] bool is_silent(const WorkerId& id) const;
    void ask_silent(const WorkerId& id);
    void follow_loading(const WorkerId& id);
    void ask_later(const WorkerId& id);
    void schedule_tick(const WorkerId& id);
    void forget_old();
    [[nodiscard]] contracts::WorkerReport report_of(const WorkerId& id, const Live& live) const;
    [[nodiscard]] contracts::NodeStatus status();

    // The link to orcd.
    void register_self();
    void hold_heartbeat();
    void report();
    void send_heartbeat(Duration hold, std::function<void(bool is_known, bool is_there)> done);
    void again(Duration pause);

    Stage& stage_;
    NodeRoutes& orcd_;
    Process process_;
    NodeId id_;
    Random random_;
    std::map<WorkerId, contracts::SpawnWorker> orders_;  ///< on disk, until the worker's process is gone
    std::map<std::string, std::unique_ptr<WorkerProcess>> workers_;
    std::vector<std::unique_ptr<WorkerProcess>> ended_;  ///< had the URL before; what they had in mind is still entered
    std::map<WorkerId, WorkerProcess*> process_of_;
    std::map<WorkerId, Live> live_;
    std::vector<WorkerId> finished_;
    pool::EarlyStops early_stops_;
    std::optional<std::string> orchestrator_;
    std::uint64_t sequence_ = 0;
    Duration interval_{};
    bool is_stale_ = false;
    bool is_reporting_ = false;
};

}  // namespace rbees::simulation
