#include "rbees/orchestrator_core/sessions.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "rbees/base/overloaded.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// Before a task is sent again that finds its tokens held by others.
constexpr std::int64_t held_retry_ms = 1'000;

std::unexpected<Problem> refuse(ErrorCode code, std::string detail, std::string hint) {
    return std::unexpected(Problem{.code = code, .detail = std::move(detail), .hint = std::move(hint)});
}

std::unexpected<Problem> too_many() {
    return std::unexpected(
        Problem{.code = ErrorCode::LIMIT_EXCEEDED,
                .detail = fmt::format("{} sessions are remembered, and that is the most", sessions_max),
                .hint = "use one for more tasks; the option sessions.retain says how long an idle one is remembered",
                .limit = "sessions_max"});
}

SessionKey key_of(const Session& session) {
    return {session.owner, session.name};
}

Tokens less(Tokens from, Tokens what) {
    return Tokens(from.value - std::min(from.value, what.value));
}

/// Why the session cannot hold so long an answer.
Problem over_budget(const Session& session, Tokens answer_max) {
    const auto budget = session.budget.value_or(Tokens{});
    const auto unspent = less(budget, session.used());
    Problem problem{.code = ErrorCode::BUDGET_EXCEEDED,
                    .detail = fmt::format("session {} has spent {} of its {} tokens", session.name,
                                          session.used().value, budget.value),
                    .hint = "open another session, or one with a larger budget",
                    .limit = "token_budget"};
    if (unspent == Tokens{}) return problem;
    problem.detail += fmt::format("; {} are held for tasks that have not ended, and this one may take {}",
                                  session.held.value, answer_max.value);
    if (answer_max > unspent) {
        problem.hint = fmt::format("a max_tokens of at most {}, or another session", unspent.value);
    } else {
        problem.hint = "try again when one of them has ended";
        problem.retry_after_ms = held_retry_ms;
    }
    return problem;
}

}  // namespace

std::optional<Tokens> Session::left() const {
    if (!budget) return std::nullopt;
    return less(*budget, used() + held);
}

std::string session_row_id(const SessionKey& key) {
    return fmt::format("{}:{}", key.owner.str(), key.name);
}

SessionOutcome Sessions::decide(const SessionCommand& command) const {
    return std::visit([this](const auto& one) { return decide_one(one); }, command);
}

SessionOutcome Sessions::decide_one(const OpenSession& command) const {
    if (const auto* known = find(key_of(command.session))) {
        if (known->closed) {
            return refuse(ErrorCode::CONFLICT, fmt::format("session {} was closed", known->name),
                          "choose another session_id");
        }
        if (known->budget == command.session.budget) return std::vector<SessionRecord>{};
        return refuse(ErrorCode::CONFLICT, fmt::format("there is a session {} with another budget", known->name),
                      "use it as it is, or choose another session_id");
    }
    if (sessions_.size() >= sessions_max) return too_many();
    return std::vector<SessionRecord>{SessionOpened{command.session}};
}

SessionOutcome Sessions::decide_one(const CloseSession& command) const {
    const auto* session = find(command.key);
    if (session == nullptr) return std::unexpected(no_session(command.key.name));
    if (session->closed) return std::vector<SessionRecord>{};
    return std::vector<SessionRecord>{SessionClosed{command.key, command.end}};
}

SessionOutcome Sessions::decide_one(const ForgetSession& command) const {
    const auto* session = find(command.key);
    if (session == nullptr) return std::unexpected(no_session(command.key.name));
    if (session->live() != 0) {
        return refuse(ErrorCode::CONFLICT, fmt::format("session {} has tasks that have not ended", session->name),
                      "wait for their end, or cancel them");
    }
    return std::vector<SessionRecord>{SessionForgotten{command.key}};
}

SessionOutcome Sessions::decide_turn(const SessionKey& key, Tokens answer_max, WallTime at) const {
    std::vector<SessionRecord> records;
    const auto* session = find(key);
    if (session == nullptr) {
        if (sessions_.size() >= sessions_max) return too_many();
        Session opened;
        opened.owner = key.owner;
        opened.name = key.name;
        opened.opened_at = at;
        opened.used_at = at;
        records.emplace_back(SessionOpened{std::move(opened)});
    } else if (session->closed) {
        return refuse(ErrorCode::CONFLICT, fmt::format("session {} is closed and takes no more tasks", key.name),
                      "name another session_id, or none");
    } else if (const auto left = session->left(); left && answer_max > *left) {
        return std::unexpected(over_budget(*session, answer_max));
    }
    records.emplace_back(SessionEntered{key, answer_max, at});
    return records;
}

std::vector<SessionRecord> Sessions::decide_spending(const SessionKey& key, const Spending& spending,
                                                     WallTime at) const {
    if (find(key) == nullptr) return {};
    return {SessionSpent{key, spending.freed, spending.prompt, spending.answer, at}};
}

void Sessions::apply(const SessionRecord& record) {
    std::visit(overloaded{
                   [this](const SessionOpened& opened) { restore(opened.session); },
                   [this](const SessionEntered& entered) {
                       auto& session = sessions_.at(entered.key);
                       ++session.turns;
                       session.held += entered.held;
                       session.used_at = entered.at;
                   },
                   [this](const SessionSpent& spent) {
                       auto& session = sessions_.at(spent.key);
                       ++session.ended;
                       session.held = less(session.held, spent.freed);
                       session.prompts += spent.prompts;
                       session.answers += spent.answers;
                       session.used_at = spent.at;
                   },
                   [this](const SessionClosed& closed) { sessions_.at(closed.key).closed = closed.end; },
                   [this](const SessionForgotten& forgotten) { sessions_.erase(forgotten.key); },
               },
               record);
}

void Sessions::restore(Session session) {
    auto key = key_of(session);
    sessions_.insert_or_assign(std::move(key), std::move(session));
}

const Session* Sessions::find(const SessionKey& key) const {
    const auto found = sessions_.find(key);
    return found == sessions_.end() ? nullptr : &found->second;
}

}  // namespace rbees::orchestrator
