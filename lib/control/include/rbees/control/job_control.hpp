#pragma once
/// @file
/// Durable tasks: what clients ask of them, and what makes them run.
///
/// The kernel decides (orchestrator_core/jobs.hpp); this is its hands. Accepted jobs wait in the one queue beside /v1
/// requests, get a slot, run as attempts, wait for pauses and deadlines, and are erased when their retention ends.
/// After a restart every live job goes on where the journal left it: an attempt that runs at a worker is found there
/// again. On the control thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "rbees/control/alarms.hpp"
#include "rbees/control/archive.hpp"
#include "rbees/control/attempt.hpp"
#include "rbees/control/demand.hpp"
#include "rbees/control/fleet_control.hpp"
#include "rbees/control/job_feed.hpp"
#include "rbees/control/task_request.hpp"

namespace rbees::control {

/// A task on its way in.
struct Submission {
    TokenId owner;
    TaskRequest request;
    std::optional<std::string> key;  ///< Idempotency-Key
};

using SubmitReply = std::function<void(Checked<std::string> answer)>;
using JobReply = std::function<void(Checked<orchestrator::Job> job)>;

/// What stands around durable tasks.
struct JobPorts {
    WorkerPort& workers;
    Archive& archive;
    Logger log;
};

class JobControl {
  public:
    JobControl(FleetControl& fleet, Demand& demand, const Policy& policy, JobPorts ports);
    JobControl(const JobControl&) = delete;
    JobControl& operator=(const JobControl&) = delete;

    /// Takes up every live job, and watches retention. Call once, after the fleet was started.
    void start();

    /// Detaches from workers, whose generations go on.
    void stop();

    /// Accepts a task. Answers with the body of the 202 (contracts::TaskAccepted) once it is on disk; with the bytes of
    /// the first answer if the same was submitted under the key before. MODEL_NOT_FOUND, MODEL_INCOMPATIBLE,
    /// IDEMPOTENCY_MISMATCH for another body under the key; CONFLICT, BUDGET_EXCEEDED or LIMIT_EXCEEDED by its session;
    /// ADMISSION_REJECT or QUEUE_FULL_DROP_LRU by `queue.policy`.
    void submit(Submission submission, SubmitReply reply);

    /// Ends the job, whatever runs; a job that has ended stays as it is. Answers with the job as it is then. NOT_FOUND.
    void cancel(const JobId& id, JobReply reply);

    /// The job, live or ended. NOT_FOUND.
    void find(const JobId& id, JobReply reply);

    /// The same for one who reads the job's stream: it need only be on disk itself, and waits for no other.
    /// So what the answer says of the job may not be on disk yet; show what the feed gives instead.
    void find_to_read(const JobId& id, JobReply reply);

    /// How many stand before the job in the queue, at most; nothing if it does not wait there.
    [[nodiscard]] std::optional<std::uint64_t> queue_position(const orchestrator::Job& job) const;

    [[nodiscard]] JobFeed& feed() { return feed_; }

    /// Something changed: workers came or went.
    void look();

  private:
    /// A job that has a slot, while it is submitted: its order goes to the worker within that call.
    struct Placed {
        JobId job;
        orchestrator::Ticket ticket;
        std::optional<std::string> request;  ///< where it is not on disk yet
    };

    // Effects of the kernel.
    void run(const orchestrator::JobEffect& effect);
    void enqueue(const JobId& id);
    void execute(const orchestrator::ExecuteEffect& effect);
    void ended(const orchestrator::EndedEffect& effect);

    // From the queue to a worker.
    void slot_came(const JobId& id, SlotAnswer slot);
    void dispatch(const orchestrator::Job& job, orchestrator::Ticket ticket);
    [[nodiscard]] std::optional<orchestrator::Ticket> take_free_slot(const orchestrator::Job& job);
    [[nodiscard]] orchestrator::RouteReceipt receipt_of(const orchestrator::Job& job,
                                                        const orchestrator::Ticket& ticket) const;
    void not_placed(const orchestrator::Job& job, const contracts::Problem& problem);
    void begin(const orchestrator::Job& job, Placed placed);
    [[nodiscard]] Result<contracts::Execute> order_for(const orchestrator::Job& job,
                                                       const std::optional<std::string>& fresh);
    [[nodiscard]] Result<std::string> request_of(const orchestrator::Job& job);
    [[nodiscard]] Result<contracts::ContinueFrom> rest_of(const orchestrator::Job& job,
                                                          const contracts::ExecutionStart& start,
                                                          std::uint64_t tokens_max);
    void look_for_worker(const orchestrator::ExecuteEffect& effect);
    void leave_queue(const JobId& id);
    void drop_attempt(const JobId& id);

    // Accepting.
    [[nodiscard]] orchestrator::Job new_job(const Submission& submission, const ModelId& model);
    void accept(orchestrator::Job job, const TaskRequest& request, std::optional<orchestrator::Ticket> ticket,
                const SubmitReply& reply);
    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] std::optional<JobId> next_to_leave() const;
    [[nodiscard]] contracts::Problem queue_full() const;
    void leave_full_queue(const JobId& id);
    [[nodiscard]] std::optional<Checked<std::string>> submitted_before(const Submission& submission);
    [[nodiscard]] bool is_key_free(const orchestrator::Job& job) const;

    // Clocks.
    void pause(const JobId& id, Duration pause);
    void watch_pauses();
    void watch_deadlines();
    void erase_old();

    void submit(orchestrator::JobCommand command, kernel::Loop::Reply reply = [](const auto&) {});
    void end(
        const JobId& id, contracts::TaskState outcome, contracts::TaskError error,
        kernel::Loop::Reply reply = [](const auto&) {});
    void fail_attempt(const orchestrator::ExecuteEffect& effect, std::string why);
    [[nodiscard]] const orchestrator::Job* live(const JobId& id) const { return fleet_.state().jobs.find(id); }
    [[nodiscard]] AttemptPorts attempt_ports();

    World& world_;
    FleetControl& fleet_;
    Demand& demand_;
    const Policy& policy_;
    WorkerPort& workers_;
    Archive& archive_;
    Logger log_;
    Instant started_at_;
    JobFeed feed_;
    std::uint64_t next_wait_ = std::uint64_t{1} << 63;  ///< above the numbers of I/O threads
    std::map<JobId, orchestrator::WaitId> waits_;       ///< jobs in the queue
    std::map<orchestrator::WaitId, JobId> waiting_;
    std::multiset<ModelId> accepted_to_wait_;  ///< models of those on their way to the disk, and then into the queue
    std::optional<Placed> placed_;
    std::map<JobId, std::shared_ptr<Attempt>> attempts_;
    std::map<JobId, orchestrator::ExecuteEffect> missing_;  ///< their worker is not here (yet)
    Alarms<Instant> pauses_;
    Alarms<WallTime> deadlines_;
    std::unique_ptr<Timer> pause_timer_;
    std::unique_ptr<Timer> deadline_timer_;
    std::unique_ptr<Timer> retention_timer_;
};

}  // namespace rbees::control
