#pragma once
/// @file
/// The wire between orcd and a worker for durable jobs: executions that belong to a lease, not to a connection.
///
/// `POST /execute` is idempotent in (job, attempt). `GET /execute/{job}/{attempt}?after=i` attaches and streams what
/// comes after token i as SSE: `start`, `token`, then one `end` or `error`. `POST .../ack` says through which token
/// everything is on orcd's disk: it renews the lease and frees the worker's buffer.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/tasks.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::contracts {

using TokenIdList = std::vector<std::int32_t>;

/// What another worker needs to go on with a generation.
struct ContinueFrom {
    TokenIdList prompt_ids;
    TokenIdList generated_ids;
    std::uint32_t seed = 0;
    std::uint64_t max_tokens = 0;                   ///< that are left
    std::optional<reflect::json::object> sampling;  ///< as `start` told it; comes before the request's own members
};
BOOST_DESCRIBE_STRUCT(ContinueFrom, (), (prompt_ids, generated_ids, seed, max_tokens, sampling))

enum class ExecutionKind : std::uint8_t { chat, completion };
BOOST_DESCRIBE_ENUM(ExecutionKind, chat, completion)

/// `POST /continue` of a worker: the rest of an answer, as a stream in OpenAI's shape.
struct Continue {
    ExecutionKind operation = ExecutionKind::chat;
    reflect::json::object request;  ///< the whole one, in OpenAI's shape
    ContinueFrom from;
    std::string model_hash;  ///< as `rbees.start` told it; a worker with another model refuses
};
BOOST_DESCRIBE_STRUCT(Continue, (), (operation, request, from, model_hash))

/// `POST /execute`. With `from` it goes on where another worker ended, and is refused if `model_hash` is not its own.
struct Execute {
    JobId job_id;
    std::uint32_t attempt = 0;
    ExecutionKind operation = ExecutionKind::chat;
    reflect::json::object request;  ///< in OpenAI's shape
    std::optional<ContinueFrom> from;
    std::optional<std::string> model_hash;
};
BOOST_DESCRIBE_STRUCT(Execute, (), (job_id, attempt, operation, request, from, model_hash))

enum class ExecutionState : std::uint8_t {
    running,
    paused,  ///< its buffer is full: it goes on when something is acknowledged
    ended,
};
BOOST_DESCRIBE_ENUM(ExecutionState, running, paused, ended)

/// 202
struct ExecutionAccepted {
    JobId job_id;
    std::uint32_t attempt = 0;
    ExecutionState state = ExecutionState::running;
};
BOOST_DESCRIBE_STRUCT(ExecutionAccepted, (), (job_id, attempt, state))

/// Event `start`: once, before the first token of an attempt.
struct ExecutionStart {
    TokenIdList prompt_ids;
    std::uint32_t seed = 0;
    std::string model_hash;
    reflect::json::object sampling;
    bool continuable = false;
};
BOOST_DESCRIBE_STRUCT(ExecutionStart, (), (prompt_ids, seed, model_hash, sampling, continuable))

/// Event `token`: some tokens, of which `i` is the index of the first, counted over all attempts.
struct ExecutionToken {
    std::uint64_t i = 0;
    TokenIdList ids;
    std::string t;
    std::optional<reflect::json::object> delta;  ///< what is not text: reasoning, tool calls, as OpenAI streams them
};
BOOST_DESCRIBE_STRUCT(ExecutionToken, (), (i, ids, t, delta))

/// Event `end`. `usage` counts the original prompt and the whole output.
struct ExecutionEnd {
    std::string stop_reason;
    Usage usage;
    std::optional<reflect::json::object> message;  ///< the finished OpenAI message
};
BOOST_DESCRIBE_STRUCT(ExecutionEnd, (), (stop_reason, usage, message))

/// Event `error`: the attempt ended without a result. `is_final`: the request itself is at fault, or cannot be
/// continued, so no other worker will do better.
struct ExecutionError {
    ErrorCode code = ErrorCode::INTERNAL;
    std::string message;
    bool is_final = false;
};
BOOST_DESCRIBE_STRUCT(ExecutionError, (), (code, message, is_final))

/// `POST /execute/{job}/{attempt}/ack`: everything through this token is stored; absent: nothing yet. With `done` the
/// end is, too, and the worker may forget the execution.
struct Acknowledge {
    std::optional<std::uint64_t> through;
    std::optional<bool> done;
};
BOOST_DESCRIBE_STRUCT(Acknowledge, (), (through, done))

struct Acknowledged {
    std::uint64_t lease_ms = 0;  ///< how long it runs on without another word
};
BOOST_DESCRIBE_STRUCT(Acknowledged, (), (lease_ms))

}  // namespace rbees::contracts
