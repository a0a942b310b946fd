#pragma once
/// @file
/// One attempt of a job at one worker: orders it, reads its stream, stores what comes, acknowledges what is stored, and
/// finds out when the worker is lost.
///
/// What follows from what is decided by JobRelay; here are the calls, the timers and the patience. The attempt ends
/// with a command that was taken (CompleteJob, FailAttempt), or because somebody else ended the job; its owner then
/// lets it go. On the control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "rbees/control/worker_port.hpp"
#include "rbees/control/world.hpp"
#include "rbees/kernel/loop.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"
#include "rbees/orchestrator_core/job_relay.hpp"
#include "rbees/orchestrator_core/job_types.hpp"

namespace rbees::control {

/// How an attempt reaches the kernel.
struct AttemptPorts {
    World& world;
    WorkerPort& workers;
    Duration lease;  ///< that workers are expected to give; each of their answers says their own

    /// Submits the command; the reply comes once it is on disk, or says why it was refused.
    std::function<void(orchestrator::JobCommand command, kernel::Loop::Reply reply)> submit;

    /// These frames are on disk, just before the effect that says so.
    std::function<void(const JobId& job, std::vector<orchestrator::Frame> frames)> stored;

    /// How the worker fares: whether it is to be left alone for a moment.
    std::function<void(const WorkerId& worker)> reached;
    std::function<void(const WorkerId& worker)> refused;
    std::function<void(const WorkerId& worker)> unreachable;
};

class Attempt : public std::enable_shared_from_this<Attempt> {
  public:
    /// For the attempt that the job's row names. Owns the slot until it is destroyed.
    Attempt(AttemptPorts ports, const orchestrator::Job& job, orchestrator::Ticket ticket);

    /// Orders it at the worker, or finds it there.
    void start(contracts::Execute order);

    /// The worker's process has ended.
    void worker_ended(std::string why);

    /// The job has ended, or goes on elsewhere: the worker is to stop. No effect after a result.
    void abandon();

    [[nodiscard]] const AttemptKey& key() const { return key_; }
    [[nodiscard]] const WorkerId& worker() const { return ticket_.worker().id; }

    /// How long a worker that gives no answer may take to come back before another one goes on.
    static constexpr Duration patience = std::chrono::seconds(15);

    /// The same for one at whose address nobody listens.
    static constexpr Duration patience_if_gone = std::chrono::seconds(1);

  private:
    void order();
    void ordered(const std::expected<void, WorkerRefusal>& answer);
    void came(AttemptEvent event);
    void cut(const WorkerRefusal& why);
    void act(const orchestrator::RelayActions& actions);
    void attach(std::optional<std::uint64_t> after);
    void read_on();
    void store(orchestrator::StoreNow what);
    void acknowledge(std::optional<std::uint64_t> through);
    void finish(orchestrator::JobCommand command);
    void give_up(contracts::TaskError error);
    void submit(orchestrator::JobCommand command, std::function<void()> done);
    void renew_lease();
    void again(const WorkerRefusal& why, std::function<void()> what);
    void find_out_why(contracts::TaskError error);
    void lost(contracts::TaskError error, orchestrator::AttemptFault fault = orchestrator::AttemptFault::worker_lost);
    [[nodiscard]] WorkerAddress address() const;

    /// Calls `f` unless the attempt is gone by then.
    template <class F>
    [[nodiscard]] auto guarded(F f);

    AttemptPorts ports_;
    AttemptKey key_;
    orchestrator::Ticket ticket_;
    orchestrator::JobRelay relay_;
    contracts::Execute order_;
    std::unique_ptr<Attachment> stream_;
    std::unique_ptr<Timer> retry_timer_;   ///< of calls to the worker
    std::unique_ptr<Timer> submit_timer_;  ///< of a command that the disk had no room for
    std::unique_ptr<Timer> lease_timer_;
    std::unique_ptr<Timer> start_timer_;  ///< of a start that no token follows soon
    Duration lease_;
    std::optional<Instant> silent_since_;  ///< no call has reached the worker since
    Duration pause_{};                     ///< before the next try
    std::optional<std::uint64_t> acknowledged_;
    bool was_taken_;  ///< the worker said that it has it
    bool is_reading_ = false;
    bool has_given_up_ = false;
    bool is_over_ = false;  ///< its last command is on its way, or it was abandoned
};

}  // namespace rbees::control
