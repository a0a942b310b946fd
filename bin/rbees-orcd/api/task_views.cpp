#include "api/task_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "rbees/orchestrator_core/retry_rule.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::orcd {
namespace {

using contracts::TaskExplanation;
using contracts::TaskState;
using orchestrator::Job;

std::string counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::uint64_t waited_ms(const Job& job, WallTime now) {
    const auto until = job.started_at.value_or(job.ended_at.value_or(now));
    return static_cast<std::uint64_t>(std::max(until - job.submitted_at, std::chrono::milliseconds{}).count());
}

std::string in_words(std::uint64_t milliseconds) {
    return describe(Duration(std::chrono::milliseconds(milliseconds)));
}

std::string queue_summary(const Job& job, const TaskSurroundings& around) {
    const auto before = around.queue_position.value_or(0);
    auto text = fmt::format("It has waited {} for a free slot of a worker with {}; ",
                            in_words(waited_ms(job, around.now)), job.model.str());
    text += before == 0 ? "nobody stands before it." : fmt::format("{} before it.", counted(before, "request"));
    if (around.workers == 0) text += " No worker has the model loaded yet.";
    return text;
}

std::string running_summary(const Job& job) {
    const auto worker = job.worker ? job.worker->str() : std::string("a worker");
    if (job.state == TaskState::dispatched) {
        return fmt::format("Worker {} has it (attempt {}); no new token is stored yet.", worker, job.attempt);
    }
    return fmt::format("Worker {} works on it (attempt {}); {} stored.", worker, job.attempt,
                       counted(job.generated.value, "token") + (job.generated.value == 1 ? " is" : " are"));
}

/// The end of a sentence that may have one already: messages of workers and engines are foreign.
std::string sentence(std::string text) {
    if (!text.ends_with('.')) text += '.';
    return text;
}

std::string fault_of(const Job& job) {
    if (job.error) return fmt::format("{}: {}", reflect::name_of(job.error->code), job.error->message);
    return job.reason.value_or("no reason is recorded");
}

std::string summary_of(const Job& job, const TaskSurroundings& around) {
    switch (job.state) {
        case TaskState::queued:
            return queue_summary(job, around);
        case TaskState::waiting:
            return "It pauses before it is tried again, because of this: " + sentence(fault_of(job));
        case TaskState::dispatched:
        case TaskState::running:
            return running_summary(job);
        case TaskState::completed:
            return fmt::format("It is done: {} in {}, ended by {}.", counted(job.generated.value, "token"),
                               counted(job.attempt, "attempt"), job.stop_reason.value_or("its worker"));
        case TaskState::cancelled:
            return fmt::format("It was cancelled after {}.", counted(job.generated.value, "token"));
        case TaskState::failed:
            return fmt::format("It failed after {}. {}", counted(job.attempt, "attempt"), sentence(fault_of(job)));
        case TaskState::dead_letter:
            return fmt::format("It was given up after {}, the last {} in a row without a new token. {}",
                               counted(job.attempt, "attempt"), orchestrator::fruitless_attempts_max,
                               sentence(fault_of(job)));
    }
    return {};
}

/// What becomes of a task whose worker dies now.
std::string if_the_worker_dies(const Job& job) {
    if (job.generated == Tokens{}) return "If the worker dies, another one begins.";
    if (job.continuable) return "If the worker dies, another one goes on behind the last stored token.";
    return "If the worker dies, the task fails: text was shown, and this request cannot be continued elsewhere.";
}

std::string next_of(const Job& job, const TaskSurroundings& around) {
    switch (job.state) {
        case TaskState::queued:
            if (around.workers == 0) return "A worker is started for the model; the first free slot is given out then.";
            return "It gets the first slot that comes free after those before it were served.";
        case TaskState::waiting:
            return fmt::format(
                "It joins the queue again by itself. After {} attempts in a row without a new token it "
                "is given up.",
                orchestrator::fruitless_attempts_max);
        case TaskState::dispatched:
        case TaskState::running:
            return if_the_worker_dies(job);
        case TaskState::completed:
            return job.erased ? "Nothing: its text was erased after its retention (option tasks.retain)."
                              : "Nothing. Its text is kept for the time of the option tasks.retain.";
        case TaskState::failed:
        case TaskState::cancelled:
        case TaskState::dead_letter:
            return "Nothing. Submit it anew, with a new Idempotency-Key, to have it done.";
    }
    return {};
}

std::optional<std::string> awaited_by(const Job& job, const TaskSurroundings& around) {
    if (job.state == TaskState::waiting) return "the end of a pause";
    if (job.state != TaskState::queued) return std::nullopt;
    if (around.workers == 0) return fmt::format("a worker with {}", job.model.str());
    return fmt::format("a free slot of a worker with {}", job.model.str());
}

}  // namespace

bool may_see(const http_api::Caller& caller, const Job& job) {
    return caller.role == contracts::Role::admin || caller.id == job.owner.str();
}

contracts::TaskView view_of(const Job& job, std::optional<std::uint64_t> queue_position) {
    contracts::TaskView view;
    view.id = view.job_id = job.id;
    view.status = job.state;
    view.reason = job.reason;
    view.model = job.model;
    view.priority = job.priority;
    view.session_id = job.session;
    view.attempt = job.attempt;
    view.events = job.frames;
    view.tokens = job.generated;
    view.queue_position = queue_position;
    view.worker_id = job.worker;
    view.submitted_at = job.submitted_at;
    view.deadline = job.deadline;
    view.started_at = job.started_at;
    view.ended_at = job.ended_at;
    view.stop_reason = job.stop_reason;
    view.usage = job.usage;
    view.error = job.error;
    view.erased = job.erased;
    return view;
}

TaskExplanation explanation_of(const Job& job, const TaskSurroundings& around) {
    TaskExplanation explanation;
    explanation.id = job.id;
    explanation.status = job.state;
    explanation.summary = summary_of(job, around);
    explanation.next = next_of(job, around);
    explanation.waits_for = awaited_by(job, around);
    explanation.queue_position = around.queue_position;
    explanation.waited_ms = waited_ms(job, around.now);
    explanation.model = job.model;
    explanation.workers = around.workers;
    if (job.receipt) {
        const auto& [worker, reason, waited, candidates] = *job.receipt;
        explanation.route = contracts::TaskRoute{worker, reason, waited, candidates};
    }
    explanation.attempts = job.attempt;
    explanation.failures = job.failures;
    explanation.failures_max = orchestrator::fruitless_attempts_max;
    explanation.continuable = job.continuable;
    if (job.error || job.reason) explanation.fault = fault_of(job);
    explanation.deadline = job.deadline;
    return explanation;
}

contracts::SessionView view_of(const orchestrator::Session& session,
                               std::optional<std::chrono::milliseconds> remembered_for) {
    contracts::SessionView view;
    view.id = view.session_id = session.name;
    view.owner = session.owner;
    view.status = session.closed ? contracts::SessionStatus::closed : contracts::SessionStatus::open;
    view.turns = session.turns;
    view.live = session.live();
    view.prompt_tokens = session.prompts;
    view.completion_tokens = session.answers;
    view.total_tokens = session.used();
    view.held_tokens = session.held;
    view.token_budget = session.budget;
    view.tokens_budget_remaining = session.left();
    view.created_at = session.opened_at;
    view.last_used_at = session.used_at;
    if (remembered_for) view.ttl_ms_remaining = static_cast<std::uint64_t>(remembered_for->count());
    if (session.closed) {
        view.closed_at = session.closed->at;
        view.closed_by = session.closed->by;
    }
    return view;
}

}  // namespace rbees::orcd
