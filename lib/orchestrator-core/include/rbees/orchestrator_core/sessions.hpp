#pragma once
/// @file
/// Sessions: what belongs together among one owner's tasks. Of a session tasks take turns with those of the owner's
/// other sessions, and all of them may spend so many tokens and no more.
///
/// A session holds numbers, never text: no task sees what an earlier one was asked or answered. It is opened by name,
/// or by the first task that names it; closed by its owner, and takes no more tasks then; forgotten when nobody has
/// used it for long. Pure. Not thread-safe; owned by the kernel's thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::orchestrator {

/// Sessions that are remembered at once, of all owners together; each is some 500 bytes of memory.
inline constexpr std::size_t sessions_max = 50'000;

/// Who closed a session, and when.
struct SessionEnd {
    TokenId by;
    WallTime at{};

    bool operator==(const SessionEnd&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionEnd, (), (by, at))

/// An entity. Its name is its owner's: two owners may have sessions of one name.
struct Session {
    TokenId owner;
    std::string name;
    std::optional<Tokens> budget;  ///< prompts and answers together; none: no limit
    Tokens prompts;                ///< of the tasks that have ended
    Tokens answers;                ///< likewise
    Tokens held;                   ///< the longest answers of the tasks that have not ended
    std::uint64_t turns = 0;       ///< tasks that were accepted
    std::uint64_t ended = 0;       ///< how many of them have ended
    WallTime opened_at{};
    WallTime used_at{};                ///< when a task of it was accepted or ended last
    std::optional<SessionEnd> closed;  ///< it takes no more tasks

    bool operator==(const Session&) const = default;

    [[nodiscard]] Tokens used() const { return prompts + answers; }
    [[nodiscard]] std::uint64_t live() const { return turns - ended; }

    /// What a new task may still spend. A prompt is counted when its task ends, so that those of the last tasks may go
    /// beyond the budget; nothing is left then.
    [[nodiscard]] std::optional<Tokens> left() const;
};
BOOST_DESCRIBE_STRUCT(Session, (),
                      (owner, name, budget, prompts, answers, held, turns, ended, opened_at, used_at, closed))

/// Names a session.
struct SessionKey {
    TokenId owner;
    std::string name;

    auto operator<=>(const SessionKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(SessionKey, (), (owner, name))

/// The id of its row. An owner's id has no colon, so no two sessions share one.
[[nodiscard]] std::string session_row_id(const SessionKey& key);

/// Nothing changes if it is open already, with the same budget: to ask again is safe.
struct OpenSession {
    Session session;
};

/// It takes no more tasks from now on. Nothing changes for one that is closed.
struct CloseSession {
    SessionKey key;
    SessionEnd end;
};

/// Nobody has used it for long.
struct ForgetSession {
    SessionKey key;
};
using SessionCommand = std::variant<OpenSession, CloseSession, ForgetSession>;

struct SessionOpened {
    Session session;
};
/// A task was accepted that may give so long an answer.
struct SessionEntered {
    SessionKey key;
    Tokens held;  ///< more
    WallTime at{};
};
/// A task has ended. What was held for it is free, and what it spent is counted.
struct SessionSpent {
    SessionKey key;
    Tokens freed;    ///< less held
    Tokens prompts;  ///< more
    Tokens answers;  ///< likewise
    WallTime at{};
};
struct SessionClosed {
    SessionKey key;
    SessionEnd end;
};
struct SessionForgotten {
    SessionKey key;
};
BOOST_DESCRIBE_STRUCT(SessionOpened, (), (session))
BOOST_DESCRIBE_STRUCT(SessionEntered, (), (key, held, at))
BOOST_DESCRIBE_STRUCT(SessionSpent, (), (key, freed, prompts, answers, at))
BOOST_DESCRIBE_STRUCT(SessionClosed, (), (key, end))
BOOST_DESCRIBE_STRUCT(SessionForgotten, (), (key))
using SessionRecord = std::variant<SessionOpened, SessionEntered, SessionSpent, SessionClosed, SessionForgotten>;

using SessionOutcome = std::expected<std::vector<SessionRecord>, contracts::Problem>;

/// What an ended task comes to.
struct Spending {
    Tokens freed;  ///< what was held for it
    Tokens prompt;
    Tokens answer;
};

class Sessions {
  public:
    /// What the command leads to. CONFLICT for opening one that is closed or has another budget, and for forgetting one
    /// with tasks that have not ended; LIMIT_EXCEEDED beyond `sessions_max`; NOT_FOUND for one that is not there.
    [[nodiscard]] SessionOutcome decide(const SessionCommand& command) const;

    /// A task with so long an answer at most is accepted into this session, which is opened if need be. CONFLICT if it
    /// is closed; BUDGET_EXCEEDED if the answer might be more than is left to spend; LIMIT_EXCEEDED as above.
    [[nodiscard]] SessionOutcome decide_turn(const SessionKey& key, Tokens answer_max, WallTime at) const;

    /// A task of this session has ended.
    [[nodiscard]] std::vector<SessionRecord> decide_spending(const SessionKey& key, const Spending& spending,
                                                             WallTime at) const;

    /// Makes a record true.
    void apply(const SessionRecord& record);

    /// Recovery: a session as its row holds it.
    void restore(Session session);

    [[nodiscard]] const std::map<SessionKey, Session>& sessions() const { return sessions_; }
    [[nodiscard]] const Session* find(const SessionKey& key) const;

  private:
    [[nodiscard]] SessionOutcome decide_one(const OpenSession& command) const;
    [[nodiscard]] SessionOutcome decide_one(const CloseSession& command) const;
    [[nodiscard]] SessionOutcome decide_one(const ForgetSession& command) const;

    std::map<SessionKey, Session> sessions_;
};

}  // namespace rbees::orchestrator
