#pragma once
/// @file
/// The workers of this node: started, watched, stopped, and adopted after a restart of the pool manager.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "models/model_store.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/client.hpp"
#include "rbees/pool_core/worker_lifecycle.hpp"
#include "workers/live_worker.hpp"
#include "workers/preparation.hpp"

namespace rbees::poold {

struct WorkerPoolParts {
    net::IoContext& io;
    net::Client& client;
    const ModelStore& store;
    std::function<std::vector<contracts::Device>()> devices;
    std::function<void()> changed;                                                ///< after each change worth telling
    std::function<void(std::string_view event, std::string_view outcome)> count;  ///< "start" or "stop"; for metrics
    WorkerPoolSettings settings;
    Logger log;
    std::function<bool(std::uint16_t)> is_port_free = poold::is_port_free;  ///< nobody listens there now
};

/// Used on the loop's thread. The parts must outlive the loop's last turn.
class WorkerPool {
  public:
    explicit WorkerPool(WorkerPoolParts parts);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Where workers report to, and which ports are not for them. Before the first spawn.
    void set_callback(std::string url, std::set<std::uint16_t> other_ports);

    /// Finds the workers of an earlier run: those whose process is the recorded one and that answer with their secret
    /// are ours again; so is one that stands still, and it is killed if it stays so; records of dead ones go; one that
    /// runs but does not prove itself is an orphan and is left alone.
    [[nodiscard]] net::Task<void> adopt();

    /// Looks for workers on the ports of workers that are not ours; they are reported, never touched.
    [[nodiscard]] net::Task<void> look_for_orphans();

    /// Asks every ready worker after its health, and orphans with a record for their proof; returns at once. To be
    /// called each `silence / unanswered_max` of the limits, which is also how long each may take to answer: one that
    /// is too late so often in a row is killed.
    void ask_after_workers();

    /// Asks one, which must be known; returns when it has answered or its time is over.
    [[nodiscard]] net::Task<void> ask_after(WorkerId id);

    /// Starts a worker. The same id is the same worker, however often it is ordered; one that was to be stopped before
    /// it was started is refused.
    [[nodiscard]] std::expected<contracts::SpawnAnswer, contracts::Problem> spawn(const contracts::SpawnWorker& order);

    /// Lets it finish its work for `grace`, then ends it.
    [[nodiscard]] std::expected<contracts::WorkerReport, contracts::Problem> stop(const WorkerId& id,
                                                                                  std::optional<Duration> grace);

    /// What a worker says of itself.
    [[nodiscard]] std::expected<void, contracts::Problem> take_report(const contracts::WorkerReady& report);

    /// Whose spawn secret that is.
    [[nodiscard]] std::optional<WorkerId> owner_of(std::string_view secret) const;

    [[nodiscard]] std::optional<contracts::WorkerReport> report(const WorkerId& id) const;
    [[nodiscard]] std::vector<contracts::WorkerReport> reports(Secrets secrets) const;

    /// Whether a worker that runs has the model.
    [[nodiscard]] bool uses(const ModelId& model) const;

    /// Stops all and returns when all are gone.
    [[nodiscard]] net::Task<void> stop_all(Duration grace);

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace rbees::poold
