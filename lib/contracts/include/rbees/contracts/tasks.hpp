#pragma once
/// @file
/// Durable tasks, as clients submit, watch and list them (`/v2/tasks`).
///
/// The members that belong to the engine (messages, tools, response_format, ...) are passed on as they came: a worker
/// checks them and says what is wrong. Here only what decides about admission and placing is read.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/error_codes.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::contracts {

/// Whose turn comes first. `batch` waits behind every `interactive` one, for five minutes at most.
enum class Priority : std::uint8_t { interactive, batch };
BOOST_DESCRIBE_ENUM(Priority, interactive, batch)

/// Where a task stands. The last four are terminal: nothing changes any more.
enum class TaskState : std::uint8_t {
    queued,      ///< waits for a slot
    waiting,     ///< waits for something else, which `reason` names
    dispatched,  ///< a worker is to run it
    running,     ///< the worker has begun
    completed,
    failed,
    cancelled,
    dead_letter,  ///< failed too often; what it was is kept as evidence
};
BOOST_DESCRIBE_ENUM(TaskState, queued, waiting, dispatched, running, completed, failed, cancelled, dead_letter)

/// `POST /v2/tasks`. Exactly one of `prompt` and `messages`.
struct SubmitTask {
    std::optional<std::string> model;  ///< without it the default model
    std::optional<std::string> prompt;
    std::optional<reflect::json::value> messages;
    std::uint32_t max_tokens = 0;
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::uint64_t> seed;  ///< without it one is drawn, and recorded
    std::optional<reflect::json::value> stop;
    std::optional<Priority> priority;
    std::optional<std::string> session_id;
    std::optional<std::uint64_t> deadline_ms;  ///< from now; the task is over then, whatever became of it
    std::optional<reflect::json::value> response_format;
    std::optional<reflect::json::value> tools;
    std::optional<reflect::json::value> tool_choice;
};
BOOST_DESCRIBE_STRUCT(SubmitTask, (),
                      (model, prompt, messages, max_tokens, temperature, top_p, seed, stop, priority, session_id,
                       deadline_ms, response_format, tools, tool_choice))

/// The answer: 202, with `Location`. It is on disk when it leaves.
struct TaskAccepted {
    JobId job_id;
    TaskState status = TaskState::queued;
    std::uint64_t queue_position = 0;                 ///< how many stand before it, at most
    std::optional<std::uint64_t> predicted_start_ms;  ///< from now, where rates are known
    std::string events_url;
};
BOOST_DESCRIBE_STRUCT(TaskAccepted, (), (job_id, status, queue_position, predicted_start_ms, events_url))

/// Tokens of a task; the prompt is the original one, the completion the whole output, however many workers made it.
struct Usage {
    Tokens prompt_tokens;
    Tokens completion_tokens;
    Tokens total_tokens;

    bool operator==(const Usage&) const = default;
};
BOOST_DESCRIBE_STRUCT(Usage, (), (prompt_tokens, completion_tokens, total_tokens))

/// Why a task ended without a result.
struct TaskError {
    ErrorCode code = ErrorCode::INTERNAL;
    std::string message;
    bool retriable = false;

    bool operator==(const TaskError&) const = default;
};
BOOST_DESCRIBE_STRUCT(TaskError, (), (code, message, retriable))

/// `POST /v2/tasks/{id}/cancel`
struct TaskStatus {
    JobId job_id;
    TaskState status = TaskState::queued;
};
BOOST_DESCRIBE_STRUCT(TaskStatus, (), (job_id, status))

[[nodiscard]] constexpr bool has_ended(TaskState state) {
    return state == TaskState::completed || state == TaskState::failed || state == TaskState::cancelled ||
           state == TaskState::dead_letter;
}

}  // namespace rbees::contracts
