#include "rbees/orchestrator_core/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rbees/base/assert.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/base/utf8.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/orchestrator_core/retry_rule.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;

std::unexpected<contracts::Problem> refuse(ErrorCode code, std::string detail) {
    return std::unexpected(contracts::Problem{.code = code, .detail = std::move(detail)});
}

JobDecision nothing() {
    return {};
}

/// What others say why something failed is kept in records, in rows and in the stream.
constexpr std::size_t reason_bytes_max = 4096;

contracts::TaskError bounded(contracts::TaskError error) {
    error.message = shortened(std::move(error.message), reason_bytes_max);
    return error;
}

/// Adds a payload; its digest, for the record.
std::string add_payload(std::string id, const std::string& salt, std::string bytes, JobDecision& decision) {
    auto digest = to_hex(salted_sha256(salt, bytes));
    decision.payloads.push_back({std::move(id), salt, std::move(bytes)});
    return digest;
}

/// Frames behind those that are stored.
std::string add_frames(const Job& job, StoredFrames frames, const std::string& salt, JobDecision& decision) {
    frames.first = job.frames + 1;
    return add_payload(frames_payload(job.id, frames.first), salt, reflect::to_json_text(frames), decision);
}

Frame error_frame(const contracts::TaskError& error) {
    return {"error", reflect::to_json_text(error)};
}

/// The job's end, with the last frame of its stream.
JobDecision end(const Job& job, JobEnded ended, Frame last, const std::string& salt) {
    JobDecision decision;
    ended.digest = add_frames(job, {.first = 0, .frames = {std::move(last)}, .ids = {}}, salt, decision);
    ended.job = job.id;
    ended.frames = job.frames + 1;
    decision.records.emplace_back(std::move(ended));
    decision.effects.emplace_back(EndedEffect{job.id, job.attempt, job.worker});
    return decision;
}

/// What went wrong with a job, in or before an attempt.
struct Setback {
    AttemptFault fault{};
    contracts::TaskError error;
    WallTime at{};
};

/// Another attempt, now or later, or the job's end.
JobDecision follow(const Job& job, const Setback& setback, const std::string& salt) {
    const auto failures = job.failures + (counts(setback.fault) ? 1 : 0);
    const auto next = decide_retry(setback.fault, failures);
    // Text was shown already: without continuation a second attempt would show another one.
    const bool is_cut = job.generated != Tokens{} && !job.continuable;
    if (next.verdict == Verdict::again && !is_cut) {
        const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(next.pause);
        JobPostponed postponed{job.id, job.attempt, failures, setback.error.message,
                               static_cast<std::uint64_t>(pause.count())};
        JobEffect effect = QueueEffect{job.id};
        if (next.pause != Duration{}) effect = PauseEffect{job.id, next.pause};
        return {{std::move(postponed)}, {std::move(effect)}, {}, {}};
    }
    JobEnded ended;
    ended.outcome = next.verdict == Verdict::dead_letter ? TaskState::dead_letter : TaskState::failed;
    ended.error = setback.error;
    ended.at = setback.at;
    return end(job, std::move(ended), error_frame(setback.error), salt);
}

JobEffect effect_of(const Job& job) {
    switch (job.state) {
        case TaskState::dispatched:
        case TaskState::running:
            return ExecuteEffect{job.id, job.attempt, job.worker.value_or(WorkerId())};
        case TaskState::waiting:
            // How much of the pause is left is not known, and it was not a promise.
            return PauseEffect{job.id, Duration{}};
        default:
            return QueueEffect{job.id};
    }
}

}  // namespace

JobOutcome Jobs::decide(const JobCommand& command) const {
    return std::visit([this](const auto& one) { return decide_one(one); }, command);
}

JobOutcome Jobs::decide_one(const SubmitJob& command) const {
    const auto& job = command.job;
    RBEES_ASSERT(job.state == TaskState::queued && job.frames == 0);
    if (find(job.id) != nullptr) return refuse(ErrorCode::CONFLICT, fmt::format("there is a job {}", job.id.str()));
    JobDecision decision;
    JobQueued queued{.job = job, .request_digest = {}, .frames_digest = {}};
    queued.request_digest = add_payload(request_payload(job.id), command.salt, command.request, decision);
    queued.frames_digest = add_frames(job, {.first = 0, .frames = {command.queued}, .ids = {}}, command.salt, decision);
    queued.job.frames = 1;
    decision.records.emplace_back(std::move(queued));
    if (command.receipt) {
        decision.records.emplace_back(JobDispatched{job.id, 1, *command.receipt});
        decision.effects.emplace_back(ExecuteEffect{job.id, 1, command.receipt->worker});
    } else {
        decision.effects.emplace_back(QueueEffect{job.id});
    }
    return decision;
}

JobOutcome Jobs::decide_one(const DispatchJob& command) const {
    const auto* job = find(command.job);
    if (job == nullptr) return std::unexpected(no_task(command.job));
    const bool may_go = job->state == TaskState::queued || planted(Bug::double_dispatch);
    if (!may_go) return refuse(ErrorCode::CONFLICT, "the job is not in the queue");
    const bool is_reused = planted(Bug::reused_attempt) && job->attempt != 0;
    const auto attempt = is_reused ? job->attempt : job->attempt + 1;
    return JobDecision{{JobDispatched{command.job, attempt, command.receipt}},
                       {ExecuteEffect{command.job, attempt, command.receipt.worker}},
                       {},
                       {}};
}

JobOutcome Jobs::decide_one(const StoreFrames& command) const {
    const auto job = find_running(command.job, command.attempt);
    if (!job) return std::unexpected(job.error());
    if (command.frames.empty() && !command.start) return nothing();
    JobDecision decision;
    JobProgressed progressed;
    progressed.job = command.job;
    progressed.attempt = command.attempt;
    progressed.frames = (*job)->frames + command.frames.size();
    progressed.generated = (*job)->generated + command.tokens;
    progressed.continuable = command.start ? command.start->continuable : (*job)->continuable;
    progressed.at = command.at;
    if (command.start) {
        progressed.start_digest =
            add_payload(start_payload(command.job), command.salt, reflect::to_json_text(*command.start), decision);
    }
    if (!command.frames.empty()) {
        const StoredFrames frames{.first = 0, .frames = command.frames, .ids = command.ids};
        progressed.digest = add_frames(**job, frames, command.salt, decision);
    }
    decision.effects.emplace_back(StoredEffect{command.job, command.attempt, progressed.frames});
    decision.records.emplace_back(std::move(progressed));
    return decision;
}

JobOutcome Jobs::decide_one(const CompleteJob& command) const {
    const auto job = find_running(command.job, command.attempt);
    if (!job) return std::unexpected(job.error());
    JobEnded ended;
    ended.outcome = TaskState::completed;
    ended.stop_reason = shortened(command.stop_reason, reason_bytes_max);
    ended.usage = command.usage;
    if (planted(Bug::lost_usage) && command.attempt > 1) ended.usage->completion_tokens = Tokens{};
    ended.at = command.at;
    return end(**job, std::move(ended), command.end, command.salt);
}

JobOutcome Jobs::decide_one(const FailAttempt& command) const {
    const auto job = find_running(command.job, command.attempt);
    if (!job) return std::unexpected(job.error());
    return follow(**job, {command.fault, bounded(command.error), command.at}, command.salt);
}

JobOutcome Jobs::decide_one(const FailPlacing& command) const {
    const auto* job = find(command.job);
    if (job == nullptr) return refuse(ErrorCode::NOT_FOUND, fmt::format("no job {} waits", command.job.str()));
    if (job->state != TaskState::queued) return refuse(ErrorCode::CONFLICT, "the job is not in the queue");
    return follow(*job, {command.fault, bounded(command.error), command.at}, command.salt);
}

JobOutcome Jobs::decide_one(const EndJob& command) const {
    RBEES_ASSERT(command.outcome == TaskState::cancelled || command.outcome == TaskState::failed);
    const auto* job = find(command.job);
    if (job == nullptr) return refuse(ErrorCode::NOT_FOUND, fmt::format("no job {} runs", command.job.str()));
    if (contracts::has_ended(job->state)) return nothing();
    JobEnded ended;
    ended.outcome = command.outcome;
    ended.error = command.error;
    ended.at = command.at;
    return end(*job, std::move(ended), error_frame(command.error), command.salt);
}

JobOutcome Jobs::decide_one(const RequeueJob& command) const {
    const auto* job = find(command.job);
    if (job == nullptr || job->state != TaskState::waiting) return nothing();
    return JobDecision{{JobRequeued{command.job}}, {QueueEffect{command.job}}, {}, {}};
}

JobOutcome Jobs::decide_one(const EraseJob& command) const {
    RBEES_ASSERT(contracts::has_ended(command.job.state));
    if (find(command.job.id) != nullptr) return refuse(ErrorCode::CONFLICT, "the job has not ended");
    if (command.job.erased) return nothing();
    auto job = command.job;
    job.erased = true;
    JobDecision decision{{JobErased{job}}, {}, {}, {payload_prefix(job.id)}};
    return decision;
}

void Jobs::apply(const JobRecord& record) {
    std::visit(overloaded{
                   [&](const JobQueued& queued) { put(queued.job); },
                   [&](const JobDispatched& dispatched) {
                       auto& job = jobs_.at(dispatched.job);
                       job.state = TaskState::dispatched;
                       job.attempt = dispatched.attempt;
                       job.worker = dispatched.receipt.worker;
                       job.receipt = dispatched.receipt;
                       job.reason.reset();
                   },
                   [&](const JobProgressed& progressed) {
                       auto& job = jobs_.at(progressed.job);
                       if (progressed.generated > job.generated) job.failures = 0;
                       job.state = TaskState::running;
                       job.frames = progressed.frames;
                       job.generated = progressed.generated;
                       job.continuable = progressed.continuable;
                       if (!job.started_at) job.started_at = progressed.at;
                   },
                   [&](const JobPostponed& postponed) {
                       auto& job = jobs_.at(postponed.job);
                       job.state = postponed.pause_ms == 0 ? TaskState::queued : TaskState::waiting;
                       job.failures = postponed.failures;
                       job.reason = postponed.reason;
                       job.worker.reset();
                   },
                   [&](const JobRequeued& requeued) { jobs_.at(requeued.job).state = TaskState::queued; },
                   [&](const JobEnded& ended) {
                       auto& job = jobs_.at(ended.job);
                       job.state = ended.outcome;
                       job.frames = ended.frames;
                       job.stop_reason = ended.stop_reason;
                       job.usage = ended.usage;
                       job.error = ended.error;
                       job.ended_at = ended.at;
                       job.worker.reset();
                       ended_.push_back(ended.job);
                   },
                   [&](const JobErased& erased) {
                       jobs_[erased.job.id] = erased.job;
                       ended_.push_back(erased.job.id);
                   },
               },
               record);
}

void Jobs::forget_ended() {
    for (const auto& id : std::exchange(ended_, {})) {
        const auto job = jobs_.extract(id);
        if (job && job.mapped().idempotency) by_key_.erase({job.mapped().owner, job.mapped().idempotency->key});
    }
}

std::vector<JobEffect> Jobs::reconcile() const {
    std::vector<JobEffect> effects;
    for (const auto& [id, job] : jobs_) {
        effects.push_back(effect_of(job));
    }
    return effects;
}

const Job* Jobs::find(const JobId& id) const {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
}

const Job* Jobs::find_submitted(const TokenId& owner, std::string_view key) const {
    const auto found = by_key_.find(std::pair(owner, std::string(key)));
    return found == by_key_.end() ? nullptr : find(found->second);
}

void Jobs::restore(Job job) {
    if (planted(Bug::forgotten_key)) job.idempotency.reset();
    put(std::move(job));
}

void Jobs::put(Job job) {
    auto id = job.id;
    if (job.idempotency) by_key_[{job.owner, job.idempotency->key}] = id;
    jobs_.insert_or_assign(std::move(id), std::move(job));
}

std::expected<const Job*, contracts::Problem> Jobs::find_running(const JobId& id, std::uint32_t attempt) const {
    const auto* job = find(id);
    if (job == nullptr) return refuse(ErrorCode::NOT_FOUND, fmt::format("no job {} runs", id.str()));
    if (planted(Bug::skipped_fence)) return job;
    const bool runs = job->state == TaskState::dispatched || job->state == TaskState::running;
    if (!runs || job->attempt != attempt) {
        return refuse(ErrorCode::CONFLICT, fmt::format("attempt {} of job {} is over", attempt, id.str()));
    }
    return job;
}

std::string payload_prefix(const JobId& job) {
    return fmt::format("job/{}/", job.str());
}

std::string request_payload(const JobId& job) {
    return payload_prefix(job) + "request";
}

std::string start_payload(const JobId& job) {
    return fmt::format("job/{}/start", job.str());
}

std::string frames_prefix(const JobId& job) {
    return payload_prefix(job) + "frames/";
}

std::string frames_payload(const JobId& job, std::uint64_t first) {
    return fmt::format("{}{:012}", frames_prefix(job), first);
}

}  // namespace rbees::orchestrator
