#pragma once
/// @file
/// Sessions: what belongs together among one owner's tasks. Of a session tasks take turns with those of the owner's
/// other sessions, and all of them may spend so many tokens and no more.
///
/// A session holds numbers, never text. It is opened by name, or by the first task that names it, and closed by its
/// owner or when nobody has used it for long. Pure. Not thread-safe; owned by the kernel's thread.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::orchestrator {

/// An entity. Its name is its owner's: two owners may have sessions of one name.
struct Session {
    TokenId owner;
    std::string name;
    std::optional<Tokens> budget;  ///< prompts and answers together; none: no limit
    Tokens used;
    std::uint64_t turns = 0;  ///< tasks that were accepted
    WallTime opened_at{};
    WallTime used_at{};

    bool operator==(const Session&) const = default;
};
BOOST_DESCRIBE_STRUCT(Session, (), (owner, name, budget, used, turns, opened_at, used_at))

/// Names a session.
struct SessionKey {
    TokenId owner;
    std::string name;

    auto operator<=>(const SessionKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionKey, (), (owner, name))

/// The id of its row. An owner's id has no colon, so no two sessions share one.
[[nodiscard]] std::string session_row_id(const SessionKey& key);

struct OpenSession {
    Session session;
};
struct CloseSession {
    SessionKey key;
};
using SessionCommand = std::variant<OpenSession, CloseSession>;

struct SessionOpened {
    Session session;
};
/// A task was accepted, or one ended and spent so many tokens.
struct SessionUsed {
    SessionKey key;
    std::uint64_t turns = 0;  ///< more
    Tokens tokens;            ///< likewise
    WallTime at{};
};
struct SessionClosed {
    SessionKey key;
};
BOOST_DESCRIBE_STRUCT(SessionOpened, (), (session))
BOOST_DESCRIBE_STRUCT(SessionUsed, (), (key, turns, tokens, at))
BOOST_DESCRIBE_STRUCT(SessionClosed, (), (key))
using SessionRecord = std::variant<SessionOpened, SessionUsed, SessionClosed>;

using SessionOutcome = std::expected<std::vector<SessionRecord>, contracts::Problem>;

class Sessions {
  public:
    /// What the command leads to. CONFLICT for a second session of a name, NOT_FOUND for closing one that is not there.
    [[nodiscard]] SessionOutcome decide(const SessionCommand& command) const;

    /// A task of this session is accepted: it is opened if need be. BUDGET_EXCEEDED if nothing is left to spend.
    [[nodiscard]] SessionOutcome decide_turn(const SessionKey& key, WallTime at) const;

    /// A task of this session has spent so many tokens. Nothing if the session was closed meanwhile.
    [[nodiscard]] std::vector<SessionRecord> decide_spending(const SessionKey& key, Tokens tokens, WallTime at) const;

    /// Makes a record true.
    void apply(const SessionRecord& record);

    /// Recovery: a session as its row holds it.
    void restore(Session session);

    [[nodiscard]] const std::map<SessionKey, Session>& sessions() const { return sessions_; }
    [[nodiscard]] const Session* find(const SessionKey& key) const;

  private:
    std::map<SessionKey, Session> sessions_;
};

}  // namespace rbees::orchestrator
