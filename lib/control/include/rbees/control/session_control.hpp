#pragma once
/// @file
/// Sessions of durable tasks: what clients ask of them, and when they are forgotten.
///
/// The kernel decides (orchestrator_core/sessions.hpp), also what a task's beginning and end mean for its session; this
/// carries the questions to it. On the control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "rbees/base/log.hpp"
#include "rbees/control/fleet_control.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/orchestrator_core/sessions.hpp"

namespace rbees::control {

/// What becomes of the tasks of a session that is closed.
enum class LiveTasks : std::uint8_t { go_on, are_cancelled };

using SessionReply = std::function<void(Checked<orchestrator::Session> session)>;

class SessionControl {
  public:
    /// What it refers to must outlive it.
    SessionControl(FleetControl& fleet, JobControl& jobs, const Policy& policy, Logger log);
    SessionControl(const SessionControl&) = delete;
    SessionControl& operator=(const SessionControl&) = delete;

    /// Forgets what nobody used for `sessions.retain`, now and from time to time.
    void start();
    void stop();

    /// Opens one, and answers with it once it is on disk; with the one that is open already, if its budget is the same.
    /// CONFLICT where it is not, or where it was closed; LIMIT_EXCEEDED.
    void open(const orchestrator::SessionKey& key, std::optional<Tokens> budget, SessionReply reply);

    /// From now on it takes no more tasks. Answers once that is on disk, and with `are_cancelled` once the end of each
    /// of its tasks is; safe to repeat. NOT_FOUND.
    void close(const orchestrator::SessionKey& key, const TokenId& by, LiveTasks fate, DoneReply reply);

    /// The session as it is on disk. NOT_FOUND.
    void find(const orchestrator::SessionKey& key, SessionReply reply);

    /// How long an unused one will be remembered yet; nothing while it has tasks that have not ended.
    [[nodiscard]] std::optional<std::chrono::milliseconds> remembered_for(const orchestrator::Session& session) const;

  private:
    void cancel_tasks(const orchestrator::SessionKey& key, DoneReply reply);
    void forget_unused();

    World& world_;
    FleetControl& fleet_;
    JobControl& jobs_;
    const Policy& policy_;
    Logger log_;
    std::unique_ptr<Timer> retention_timer_;
};

}  // namespace rbees::control
