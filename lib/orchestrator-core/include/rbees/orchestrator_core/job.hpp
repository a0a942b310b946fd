#pragma once
/// @file
/// A durable job as an entity, and the text that belongs to it.
///
/// Values. The entity's JSON form is its row on people's disks: a member may be added as optional, none may change its
/// meaning. Text (the request, frames) is never in it: it lies beside the journal as payloads, of which a record keeps
/// a salted digest, so that text can be erased while the journal stays verifiable.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/tasks.hpp"

namespace rbees::orchestrator {

/// What makes a repeated submission recognisable: the client's key, and a digest of its body in canonical form.
struct Idempotency {
    std::string key;
    std::string body_digest;

    bool operator==(const Idempotency&) const = default;
};
BOOST_DESCRIBE_STRUCT(Idempotency, (), (key, body_digest))

/// The id of the row by which a repeated submission finds its job, also when that has ended: fixed length, whatever key
/// a client sends, and different for every pair.
[[nodiscard]] std::string submission_id(const TokenId& owner, std::string_view key);

/// Why a worker got the job: for `explain`.
struct RouteReceipt {
    WorkerId worker;
    std::string reason;
    std::uint64_t waited_ms = 0;
    std::uint32_t candidates = 0;  ///< workers that could have had it

    bool operator==(const RouteReceipt&) const = default;
};
BOOST_DESCRIBE_STRUCT(RouteReceipt, (), (worker, reason, waited_ms, candidates))

/// A job from its acceptance to the end of its retention. An entity.
struct Job {
    JobId id;
    TokenId owner;
    std::optional<std::string> session;
    std::optional<Tokens> held;  ///< of its session's budget until it ends: the longest answer
    ModelId model;
    contracts::Priority priority = contracts::Priority::interactive;
    contracts::TaskState state = contracts::TaskState::queued;
    std::optional<std::string> reason;  ///< what it waits for, or why it ended
    std::uint32_t attempt = 0;          ///< the last one that was started; its number is the fencing token
    std::uint32_t failures = 0;         ///< attempts that failed since the last token was stored
    std::optional<WorkerId> worker;     ///< of the attempt that runs
    std::optional<RouteReceipt> receipt;
    std::uint64_t frames = 0;  ///< of its stream that are stored; SSE ids are 1 to this
    Tokens generated;          ///< tokens in them, over all attempts
    bool continuable = false;  ///< another worker can go on where one died
    WallTime submitted_at{};
    std::optional<WallTime> deadline;
    std::optional<WallTime> started_at;
    std::optional<WallTime> ended_at;
    std::optional<std::string> stop_reason;
    std::optional<contracts::Usage> usage;
    std::optional<contracts::TaskError> error;
    std::optional<Idempotency> idempotency;
    std::string answer;   ///< the bytes that its submission was answered with
    bool erased = false;  ///< its text is gone: retention has passed

    bool operator==(const Job&) const = default;
};
BOOST_DESCRIBE_STRUCT(Job, (),
                      (id, owner, session, held, model, priority, state, reason, attempt, failures, worker, receipt,
                       frames, generated, continuable, submitted_at, deadline, started_at, ended_at, stop_reason, usage,
                       error, idempotency, answer, erased))

/// An event of a job's stream as it is stored and replayed. Its number follows from its place.
struct Frame {
    std::string event;  ///< "queued", "started", "token", "end", "error"
    std::string data;   ///< JSON

    bool operator==(const Frame&) const = default;
};
BOOST_DESCRIBE_STRUCT(Frame, (), (event, data))

/// A piece of a job's text that lies beside the journal. `salt` is random and leaves with the text.
struct Payload {
    std::string id;
    std::string salt;
    std::string bytes;

    bool operator==(const Payload&) const = default;
};

/// What the payload of frames holds. `ids` are the tokens', for continuation; clients do not see them.
struct StoredFrames {
    std::uint64_t first = 0;
    std::vector<Frame> frames;
    std::vector<std::int32_t> ids;
};
BOOST_DESCRIBE_STRUCT(StoredFrames, (), (first, frames, ids))

}  // namespace rbees::orchestrator
