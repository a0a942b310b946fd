#pragma once
/// @file
/// Sessions of durable tasks, as clients open, watch and close them (`/v2/sessions`).
///
/// A session holds numbers, never text: rbees keeps no conversation, and no task sees what an earlier one was asked or
/// answered. `messages` of each task carry whatever its model is to know.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::contracts {

/// What a task of a session knows of those before it. There is one answer so far.
enum class ContextMode : std::uint8_t {
    stateless,  ///< nothing
};
BOOST_DESCRIBE_ENUM(ContextMode, stateless)

enum class SessionStatus : std::uint8_t {
    open,
    closed,  ///< takes no more tasks; what it counted can still be read
};
BOOST_DESCRIBE_ENUM(SessionStatus, open, closed)

/// The longest `session_id`.
inline constexpr std::size_t session_id_bytes_max = 128;

/// The largest `token_budget`.
inline constexpr std::uint64_t token_budget_max = 1'000'000'000'000;

/// `POST /v2/sessions`
struct CreateSession {
    std::optional<std::string> session_id;    ///< 1 to 128 of A-Z a-z 0-9 . _ : -; without it one is made
    std::optional<Tokens> token_budget;       ///< prompts and answers of all its tasks; without it there is no limit
    std::optional<ContextMode> context_mode;  ///< `stateless`
};
BOOST_DESCRIBE_STRUCT(CreateSession, (), (session_id, token_budget, context_mode))

/// `POST /v2/sessions`, `GET /v2/sessions/{id}`
struct SessionView {
    std::string id;
    std::string session_id;  ///< the same, under the name that tasks give it
    TokenId owner;           ///< the token whose session it is: an id means something to its owner only
    SessionStatus status = SessionStatus::open;
    ContextMode context_mode = ContextMode::stateless;
    std::uint64_t turns = 0;                        ///< tasks that were accepted
    std::uint64_t live = 0;                         ///< of them, those that have not ended
    Tokens prompt_tokens;                           ///< of the tasks that have ended
    Tokens completion_tokens;                       ///< likewise
    Tokens total_tokens;                            ///< both
    Tokens held_tokens;                             ///< `max_tokens` of the tasks that have not ended
    std::optional<Tokens> token_budget;             ///< none: no limit
    std::optional<Tokens> tokens_budget_remaining;  ///< what is neither spent nor held
    WallTime created_at{};
    WallTime last_used_at{};                        ///< when a task of it was accepted or ended last
    std::optional<std::uint64_t> ttl_ms_remaining;  ///< until it is forgotten if nobody uses it; none while tasks live
    std::optional<WallTime> closed_at;
    std::optional<TokenId> closed_by;
};
BOOST_DESCRIBE_STRUCT(SessionView, (),
                      (id, session_id, owner, status, context_mode, turns, live, prompt_tokens, completion_tokens,
                       total_tokens, held_tokens, token_budget, tokens_budget_remaining, created_at, last_used_at,
                       ttl_ms_remaining, closed_at, closed_by))

/// `GET /v2/sessions`, newest first.
struct SessionPage {
    std::vector<SessionView> sessions;
    std::optional<std::string> next;                  ///< `cursor` of the next page; null on the last one
    std::optional<std::vector<std::string>> damaged;  ///< sessions whose record on disk is damaged, as OWNER:ID
};
BOOST_DESCRIBE_STRUCT(SessionPage, (), (sessions, next, damaged))

}  // namespace rbees::contracts
