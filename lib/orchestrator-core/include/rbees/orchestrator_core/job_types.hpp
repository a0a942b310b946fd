#pragma once
/// @file
/// The words of durable jobs: the commands that ask for a change, and the records that say what changed. `Jobs`
/// (jobs.hpp) says what leads to what, and to which effects (job_effects.hpp).
///
/// All are values. Records have a JSON form, which is on people's disks: a member may be added as optional, none may
/// change its meaning.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/tasks.hpp"
#include "rbees/orchestrator_core/job.hpp"

namespace rbees::orchestrator {

/// Why an attempt ended without a result; decides whether there is another.
enum class AttemptFault : std::uint8_t {
    worker_lost,   ///< it died, or its lease was lost: another one goes on
    not_started,   ///< the worker refused before its first byte (an old ticket, draining)
    unanswered,    ///< it answered nothing, neither the order nor a question after its health
    model_failed,  ///< the model could not be loaded
    no_room,       ///< nor can it be now: no node, or no memory
    engine_error,  ///< the engine failed in the middle
    refused,       ///< the request itself is at fault: nobody will take it
};
BOOST_DESCRIBE_ENUM(AttemptFault, worker_lost, not_started, unanswered, model_failed, no_room, engine_error, refused)

// Commands: what someone wants, or what was seen. Times come with them.

/// A job is accepted. Its state must be `queued`.
struct SubmitJob {
    Job job;
    Frame queued;         ///< the first frame of its stream
    std::string request;  ///< the body for the worker
    std::string salt;
    std::optional<RouteReceipt> receipt;  ///< of the slot that it has already: it is dispatched in the same commit
};

/// The next attempt goes to that worker.
struct DispatchJob {
    JobId job;
    RouteReceipt receipt;
};

/// What an attempt's stream brought since the last time, in order.
struct StoreFrames {
    JobId job;
    std::uint32_t attempt = 0;
    std::vector<Frame> frames;
    std::vector<std::int32_t> ids;  ///< of the tokens in them
    Tokens tokens;
    std::optional<contracts::ExecutionStart> start;  ///< the attempt's first word
    WallTime at{};
    std::string salt;
};

/// The attempt's stream ended with a result; `end` is its last frame.
struct CompleteJob {
    JobId job;
    std::uint32_t attempt = 0;
    std::string stop_reason;
    contracts::Usage usage;
    Frame end;
    WallTime at{};
    std::string salt;
};

/// The attempt ended without a result. Leads to another attempt or to the job's end.
struct FailAttempt {
    JobId job;
    std::uint32_t attempt = 0;
    AttemptFault fault = AttemptFault::worker_lost;
    contracts::TaskError error;
    WallTime at{};
    std::string salt;
};

/// A queued job found no place: its model cannot be loaded, or is gone. As FailAttempt, without an attempt.
struct FailPlacing {
    JobId job;
    AttemptFault fault = AttemptFault::model_failed;
    contracts::TaskError error;
    WallTime at{};
    std::string salt;
};

/// The job ends now, whatever runs: cancelled by somebody, its deadline passed, dropped from a full queue.
struct EndJob {
    JobId job;
    contracts::TaskState outcome = contracts::TaskState::cancelled;  ///< `cancelled` or `failed`
    contracts::TaskError error;
    WallTime at{};
    std::string salt;
};

/// What a postponed job waited for has come: it is queued again.
struct RequeueJob {
    JobId job;
};

/// Retention has passed: the text goes, the record that it was there stays.
struct EraseJob {
    Job job;  ///< as its row has it: an ended job is no longer in memory
};

using JobCommand = std::variant<SubmitJob, DispatchJob, StoreFrames, CompleteJob, FailAttempt, FailPlacing, EndJob,
                                RequeueJob, EraseJob>;

// Records: what became true. Digests are those of the payloads that were written beside them.

struct JobQueued {
    Job job;
    std::string request_digest;
    std::string frames_digest;
};
struct JobDispatched {
    JobId job;
    std::uint32_t attempt = 0;
    RouteReceipt receipt;
};
struct JobProgressed {
    JobId job;
    std::uint32_t attempt = 0;
    std::uint64_t frames = 0;  ///< stored in all
    Tokens generated;          ///< likewise
    bool continuable = false;
    WallTime at{};
    std::optional<std::string> digest;        ///< of the frames, if there are any
    std::optional<std::string> start_digest;  ///< of what an attempt can be continued from
};
struct JobPostponed {
    JobId job;
    std::uint32_t attempt = 0;
    std::uint32_t failures = 0;
    std::string reason;
    std::uint64_t pause_ms = 0;  ///< before it is queued again; 0: it is at once
};
struct JobRequeued {
    JobId job;
};
struct JobEnded {
    JobId job;
    contracts::TaskState outcome = contracts::TaskState::completed;
    std::uint64_t frames = 0;
    std::optional<std::string> stop_reason;
    std::optional<contracts::Usage> usage;
    std::optional<contracts::TaskError> error;
    WallTime at{};
    std::string digest;
};
struct JobErased {
    Job job;
};
BOOST_DESCRIBE_STRUCT(JobQueued, (), (job, request_digest, frames_digest))
BOOST_DESCRIBE_STRUCT(JobDispatched, (), (job, attempt, receipt))
BOOST_DESCRIBE_STRUCT(JobProgressed, (), (job, attempt, frames, generated, continuable, at, digest, start_digest))
BOOST_DESCRIBE_STRUCT(JobPostponed, (), (job, attempt, failures, reason, pause_ms))
BOOST_DESCRIBE_STRUCT(JobRequeued, (), (job))
BOOST_DESCRIBE_STRUCT(JobEnded, (), (job, outcome, frames, stop_reason, usage, error, at, digest))
BOOST_DESCRIBE_STRUCT(JobErased, (), (job))

using JobRecord = std::variant<JobQueued, JobDispatched, JobProgressed, JobPostponed, JobRequeued, JobEnded, JobErased>;

}  // namespace rbees::orchestrator
