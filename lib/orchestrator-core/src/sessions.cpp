#include "rbees/orchestrator_core/sessions.hpp"

#include <utility>

#include <fmt/core.h>

#include "rbees/base/overloaded.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;

std::unexpected<contracts::Problem> refuse(ErrorCode code, std::string detail, std::string hint) {
    return std::unexpected(contracts::Problem{.code = code, .detail = std::move(detail), .hint = std::move(hint)});
}

SessionKey key_of(const Session& session) {
    return {session.owner, session.name};
}

}  // namespace

std::string session_row_id(const SessionKey& key) {
    return fmt::format("{}:{}", key.owner.str(), key.name);
}

SessionOutcome Sessions::decide(const SessionCommand& command) const {
    return std::visit(
        overloaded{
            [this](const OpenSession& open) -> SessionOutcome {
                if (find(key_of(open.session)) != nullptr) {
                    return refuse(ErrorCode::CONFLICT, fmt::format("there is a session {} already", open.session.name),
                                  "use it, or choose another name");
                }
                return std::vector<SessionRecord>{SessionOpened{open.session}};
            },
            [this](const CloseSession& close) -> SessionOutcome {
                if (find(close.key) == nullptr) {
                    return refuse(ErrorCode::NOT_FOUND, fmt::format("there is no session {}", close.key.name),
                                  "GET /v2/sessions lists them");
                }
                return std::vector<SessionRecord>{SessionClosed{close.key}};
            },
        },
        command);
}

SessionOutcome Sessions::decide_turn(const SessionKey& key, WallTime at) const {
    std::vector<SessionRecord> records;
    const auto* session = find(key);
    if (session == nullptr) {
        Session opened;
        opened.owner = key.owner;
        opened.name = key.name;
        opened.opened_at = at;
        opened.used_at = at;
        records.emplace_back(SessionOpened{std::move(opened)});
    } else if (session->budget && session->used >= *session->budget) {
        return refuse(ErrorCode::BUDGET_EXCEEDED,
                      fmt::format("session {} has spent {} of its {} tokens", key.name, session->used.value,
                                  session->budget->value),
                      "open another session, or one with a larger budget");
    }
    records.emplace_back(SessionUsed{key, 1, Tokens{}, at});
    return records;
}

std::vector<SessionRecord> Sessions::decide_spending(const SessionKey& key, Tokens tokens, WallTime at) const {
    if (find(key) == nullptr) return {};
    return {SessionUsed{key, 0, tokens, at}};
}

void Sessions::apply(const SessionRecord& record) {
    std::visit(overloaded{
                   [this](const SessionOpened& opened) { restore(opened.session); },
                   [this](const SessionUsed& used) {
                       auto& session = sessions_.at(used.key);
                       session.turns += used.turns;
                       session.used = session.used + used.tokens;
                       session.used_at = used.at;
                   },
                   [this](const SessionClosed& closed) { sessions_.erase(closed.key); },
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
