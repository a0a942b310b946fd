/// @file
/// What must hold of sessions: their counts are the sums over their tasks, whatever died in between.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ledger.hpp"
#include "rbees/base/overloaded.hpp"

namespace rbees::simulation {
namespace {

namespace orch = orchestrator;

orch::SessionKey session_of(const orch::Job& job) {
    return {job.owner, job.session.value_or("")};
}

}  // namespace

const SessionFacts* Ledger::find(const orch::SessionKey& session) const {
    const auto found = sessions_.find(session);
    return found == sessions_.end() ? nullptr : &found->second;
}

bool Ledger::is_cancelled_with_session(const JobFacts& facts) const {
    const auto* session = facts.job.session ? find(session_of(facts.job)) : nullptr;
    return session != nullptr && session->is_cancel_wanted;
}

void Ledger::note_session(const orch::SessionRecord& record) {
    std::visit(overloaded{
                   [this](const orch::SessionOpened& opened) {
                       const orch::SessionKey key{opened.session.owner, opened.session.name};
                       auto& facts = sessions_[key];
                       facts.was_opened = true;
                       if (opened.session.budget) facts.had_budget = true;
                       touched_.insert(key);
                   },
                   [this](const orch::SessionForgotten& forgotten) {
                       auto& facts = sessions_[forgotten.key];
                       if (facts.turns != facts.ended) {
                           verdict_.wrong("sessions", fmt::format("session {} is forgotten while tasks of it live",
                                                                  forgotten.key.name));
                       }
                       facts.turns = facts.ended = facts.prompts = facts.answers = facts.held = 0;
                   },
                   [this](const orch::SessionClosed& closed) {
                       sessions_[closed.key].was_closed = true;
                       touched_.insert(closed.key);
                   },
                   [this](const auto& counted) { touched_.insert(counted.key); },
               },
               record);
}

/// A task was accepted. Its records come before those of its session.
void Ledger::note_turn(const JobFacts& facts) {
    if (!facts.job.session) return;
    const auto key = session_of(facts.job);
    const auto* session = state_.sessions.find(key);
    if (session != nullptr && session->closed) {
        verdict_.wrong("sessions",
                       fmt::format("job {} is in session {}, which was closed before", facts.job.id.str(), key.name));
    }
    auto& sums = sessions_[key];
    ++sums.turns;
    sums.held += facts.answer_max;
    touched_.insert(key);
}

void Ledger::note_spending(const JobFacts& facts, const orch::JobEnded& record) {
    if (!facts.job.session) return;
    const auto key = session_of(facts.job);
    auto& sums = sessions_[key];
    ++sums.ended;
    sums.held -= std::min(sums.held, facts.answer_max);
    sums.prompts += record.usage ? record.usage->prompt_tokens.value : 0;
    sums.answers += record.usage ? record.usage->completion_tokens.value : facts.tokens;
    touched_.insert(key);
}

/// Sessions of this batch, when all of its records are true.
void Ledger::check_sessions() {
    for (const auto& key : std::exchange(touched_, {})) {
        const auto* session = state_.sessions.find(key);
        const auto& sums = sessions_[key];
        const bool is_exact = session != nullptr && session->turns == sums.turns && session->ended == sums.ended &&
                              session->prompts.value == sums.prompts && session->answers.value == sums.answers &&
                              session->held.value == sums.held;
        if (!is_exact) {
            return verdict_.wrong("sessions", fmt::format("session {} of {} does not count what its tasks come to",
                                                          key.name, key.owner.str()));
        }
        if (session->budget && session->answers + session->held > *session->budget) {
            return verdict_.wrong("sessions", fmt::format("the answers of session {} of {} may go beyond its budget",
                                                          key.name, key.owner.str()));
        }
    }
}

}  // namespace rbees::simulation
