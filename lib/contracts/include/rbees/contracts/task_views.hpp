#pragma once
/// @file
/// Durable tasks as clients read them: one with its result, a page of them, and what rbees can say about one.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/tasks.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::contracts {

/// `GET /v2/tasks/{id}`. In a page the result is left out.
struct TaskView {
    JobId id;
    JobId job_id;  ///< the same, under the name that submission and stream give it
    TaskState status = TaskState::queued;
    std::optional<std::string> reason;  ///< what it waits for, or went wrong last
    ModelId model;
    Priority priority = Priority::interactive;
    std::optional<std::string> session_id;
    std::uint32_t attempt = 0;                    ///< the newest one; 0 before the first
    std::uint64_t events = 0;                     ///< of its stream; their ids are 1 to this
    Tokens tokens;                                ///< of its output so far
    std::optional<std::uint64_t> queue_position;  ///< how many stand before it, at most
    std::optional<WorkerId> worker_id;            ///< that works on it now
    WallTime submitted_at{};
    std::optional<WallTime> deadline;
    std::optional<WallTime> started_at;
    std::optional<WallTime> ended_at;
    std::optional<std::string> stop_reason;
    std::optional<Usage> usage;
    std::optional<TaskError> error;
    std::optional<std::string> output;             ///< the whole text; of an ended task, until its text is erased
    std::optional<reflect::json::object> message;  ///< the finished message, with tool calls, in OpenAI's shape
    bool erased = false;                           ///< its text is gone: retention has passed
    std::optional<std::string> damaged;            ///< what of its text is damaged on disk, so that there is no output
};
BOOST_DESCRIBE_STRUCT(TaskView, (),
                      (id, job_id, status, reason, model, priority, session_id, attempt, events, tokens, queue_position,
                       worker_id, submitted_at, deadline, started_at, ended_at, stop_reason, usage, error, output,
                       message, erased, damaged))

/// `GET /v2/tasks`, newest first.
struct TaskPage {
    std::vector<TaskView> tasks;
    std::optional<std::string> next;                  ///< `cursor` of the next page; null on the last one
    std::optional<std::vector<std::string>> damaged;  ///< ids of tasks whose record on disk is damaged
};
BOOST_DESCRIBE_STRUCT(TaskPage, (), (tasks, next, damaged))

/// Why a worker got the task.
struct TaskRoute {
    WorkerId worker_id;
    std::string reason;
    std::uint64_t waited_ms = 0;   ///< from the submission on
    std::uint32_t candidates = 0;  ///< workers that could have had it
};
BOOST_DESCRIBE_STRUCT(TaskRoute, (), (worker_id, reason, waited_ms, candidates))

/// `GET /v2/tasks/{id}/explain`: how it stands and what comes next, in sentences and in members.
struct TaskExplanation {
    JobId id;
    TaskState status = TaskState::queued;
    std::string summary;
    std::string next;                      ///< what happens next, and on what condition
    std::optional<std::string> waits_for;  ///< as long as it waits
    std::optional<std::uint64_t> queue_position;
    std::uint64_t waited_ms = 0;  ///< from the submission to its first token, its end, or now
    ModelId model;
    std::uint32_t workers = 0;         ///< ready ones of its model
    std::optional<TaskRoute> route;    ///< of the newest attempt
    std::uint32_t attempts = 0;        ///< that were started
    std::uint32_t failures = 0;        ///< in a row, without a new token
    std::uint32_t failures_max = 0;    ///< that end it as a dead letter
    bool continuable = false;          ///< another worker can go on behind the last token
    std::optional<std::string> fault;  ///< what went wrong last
    std::optional<WallTime> deadline;
};
BOOST_DESCRIBE_STRUCT(TaskExplanation, (),
                      (id, status, summary, next, waits_for, queue_position, waited_ms, model, workers, route, attempts,
                       failures, failures_max, continuable, fault, deadline))

/// Event `metrics` of a task's stream: while it waits the first member, while it runs the others.
struct TaskMetrics {
    std::optional<std::uint64_t> queue_position;
    std::optional<Tokens> tokens;  ///< of the output so far
    std::optional<double> tokens_per_second;
    std::optional<std::uint32_t> attempt;

    bool operator==(const TaskMetrics&) const = default;
};
BOOST_DESCRIBE_STRUCT(TaskMetrics, (), (queue_position, tokens, tokens_per_second, attempt))

}  // namespace rbees::contracts
