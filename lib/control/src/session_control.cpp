#include "rbees/control/session_control.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "rbees/orchestrator_core/refusals.hpp"

#include "sweep.hpp"

namespace rbees::control {
namespace {

using orchestrator::Session;
using orchestrator::SessionCommand;
using orchestrator::SessionKey;

WallTime last_touch(const Session& session) {
    return session.closed ? std::max(session.used_at, session.closed->at) : session.used_at;
}

}  // namespace

SessionControl::SessionControl(FleetControl& fleet, JobControl& jobs, const Policy& policy, Logger log)
    : world_(fleet.world()),
      fleet_(fleet),
      jobs_(jobs),
      policy_(policy),
      log_(std::move(log)),
      retention_timer_(world_.timer()) {}

void SessionControl::start() {
    forget_unused();
}

void SessionControl::stop() {
    retention_timer_->cancel();
}

void SessionControl::open(const SessionKey& key, std::optional<Tokens> budget, SessionReply reply) {
    const auto now = world_.wall_now();
    Session session;
    session.owner = key.owner;
    session.name = key.name;
    session.budget = budget;
    session.opened_at = now;
    session.used_at = now;
    fleet_.submit_unpictured(SessionCommand(orchestrator::OpenSession{std::move(session)}),
                             [this, key, budget, reply = std::move(reply)](const kernel::Loop::Outcome& outcome) {
                                 if (!outcome) return reply(std::unexpected(outcome.error()));
                                 // An old one that had its time may have been forgotten since.
                                 if (fleet_.state().sessions.find(key) == nullptr) return open(key, budget, reply);
                                 find(key, reply);
                             });
}

void SessionControl::close(const SessionKey& key, const TokenId& by, LiveTasks fate, DoneReply reply) {
    fleet_.submit_unpictured(SessionCommand(orchestrator::CloseSession{key, {by, world_.wall_now()}}),
                             [this, key, fate, reply = std::move(reply)](const kernel::Loop::Outcome& outcome) mutable {
                                 if (!outcome) return reply(std::unexpected(outcome.error()));
                                 if (fate == LiveTasks::go_on) return reply({});
                                 cancel_tasks(key, std::move(reply));
                             });
}

void SessionControl::cancel_tasks(const SessionKey& key, DoneReply reply) {
    std::vector<JobId> ids;
    for (const auto& [id, job] : fleet_.state().jobs.jobs()) {
        if (job.owner == key.owner && job.session == key.name) ids.push_back(id);
    }
    struct Cancelling {
        std::size_t left;
        Done result;
    };
    const auto cancelling = std::make_shared<Cancelling>(ids.size());
    for (const auto& id : ids) {
        jobs_.cancel(id, [cancelling, reply](const Checked<orchestrator::Job>& job) {
            if (!job) cancelling->result = std::unexpected(job.error());
            if (--cancelling->left == 0) reply(cancelling->result);
        });
    }
    if (ids.empty()) reply({});
}

void SessionControl::find(const SessionKey& key, SessionReply reply) {
    // The session of this moment: what is decided later must not be seen before it is on disk.
    std::optional<Session> now;
    if (const auto* session = fleet_.state().sessions.find(key)) now = *session;
    fleet_.when_durable([key, now = std::move(now), reply = std::move(reply)]() mutable {
        if (now) return reply(std::move(*now));
        reply(std::unexpected(orchestrator::no_session(key.name)));
    });
}

std::optional<std::chrono::milliseconds> SessionControl::remembered_for(const Session& session) const {
    if (session.live() != 0) return std::nullopt;
    const auto keep = std::chrono::duration_cast<std::chrono::milliseconds>(policy_.sessions_retain);
    return std::max(last_touch(session) + keep - world_.wall_now(), std::chrono::milliseconds{});
}

void SessionControl::forget_unused() {
    std::vector<SessionKey> unused;
    for (const auto& [key, session] : fleet_.state().sessions.sessions()) {
        if (unused.size() == swept_at_once_max) break;
        if (remembered_for(session) == std::chrono::milliseconds{}) unused.push_back(key);
    }
    for (const auto& key : unused) {
        fleet_.submit_unpictured(SessionCommand(orchestrator::ForgetSession{key}), [](const auto&) {});
    }
    if (!unused.empty()) log_.info("unused sessions are forgotten", {{"sessions", std::to_string(unused.size())}});
    retention_timer_->set(world_.now() + until_next_sweep(unused.size()), [this] { forget_unused(); });
}

}  // namespace rbees::control
