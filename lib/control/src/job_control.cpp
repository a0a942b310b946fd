#include "rbees/control/job_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "damaged.hpp"
#include "full_disk.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/control/model_choice.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/reflect/write.hpp"
#include "sweep.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::TaskState;
using orchestrator::Job;

/// Wall-clock deadlines are looked at no later than this after the clock was set.
constexpr Duration clock_check_interval = std::chrono::seconds(30);

std::unexpected<Problem> no_such(const JobId& id) {
    return std::unexpected(orchestrator::no_task(id));
}

std::uint64_t whole_milliseconds(Duration duration) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

/// A seed from hexadecimal digits that nobody can guess.
std::uint32_t seed_from(const std::string& salt) {
    constexpr std::size_t digits = 2 * sizeof(std::uint32_t);
    return parse_hex<std::uint32_t>(std::string_view(salt).substr(0, digits)).value_or(0);
}

orchestrator::Frame queued_frame(const contracts::TaskAccepted& accepted) {
    return {"queued", reflect::to_json_text(accepted)};
}

Checked<std::string> answer_of(const Job& job, const std::string& digest) {
    if (job.idempotency && job.idempotency->body_digest == digest) return job.answer;
    return std::unexpected(
        Problem{.code = ErrorCode::IDEMPOTENCY_MISMATCH,
                .detail = fmt::format("the key belongs to task {}, which has another body", job.id.str()),
                .hint = "take a new Idempotency-Key for each new task"});
}

}  // namespace

JobControl::JobControl(FleetControl& fleet, Demand& demand, const Policy& policy, JobPorts ports)
    : world_(fleet.world()),
      fleet_(fleet),
      demand_(demand),
      policy_(policy),
      workers_(ports.workers),
      archive_(ports.archive),
      log_(std::move(ports.log)),
      started_at_(world_.now()),
      feed_(archive_),
      pause_timer_(world_.timer()),
      deadline_timer_(world_.timer()),
      retention_timer_(world_.timer()) {
    fleet_.run_jobs_with([this](const orchestrator::JobEffect& effect) { run(effect); });
}

void JobControl::start() {
    for (const auto& [id, job] : fleet_.state().jobs.jobs()) {
        feed_.opened(id, job.frames);
        if (job.deadline) deadlines_.set(id, *job.deadline);
    }
    for (const auto& effect : fleet_.state().jobs.reconcile()) {
        run(effect);
        crash_point(CrashPoint::during_reconcile);
    }
    watch_deadlines();
    erase_old();
}

void JobControl::stop() {
    pause_timer_->cancel();
    deadline_timer_->cancel();
    retention_timer_->cancel();
    attempts_.clear();
    feed_.stop();
}

void JobControl::submit(Submission submission, SubmitReply reply) {
    const auto answer = [this, reply](Checked<std::string> what) {
        fleet_.when_durable([reply, what = std::move(what)]() mutable { reply(std::move(what)); });
    };
    if (auto before = submitted_before(submission)) return answer(std::move(*before));
    const auto& named = submission.request.task.model;
    auto model = choose_model(fleet_.view(), named.value_or(""), contracts::ModelKind::chat);
    if (!model) return answer(std::unexpected(std::move(model.error())));
    auto job = new_job(submission, *model);
    const auto id = job.id;
    auto ticket = take_free_slot(job);
    std::optional<JobId> leaver;
    if (!ticket && waiting() >= policy_.queue_capacity) {
        leaver = next_to_leave();
        if (!leaver) return answer(std::unexpected(queue_full()));
    }
    accept(std::move(job), submission.request, std::move(ticket), reply);
    // Only now, because a newcomer that is refused for another reason must not cost anybody the place.
    if (leaver && live(id) != nullptr) leave_full_queue(*leaver);
}

/// The answer to a repetition.
std::optional<Checked<std::string>> JobControl::submitted_before(const Submission& submission) {
    if (!submission.key) return std::nullopt;
    const auto& digest = submission.request.digest;
    if (const auto* job = fleet_.state().jobs.find_submitted(submission.owner, *submission.key)) {
        return answer_of(*job, digest);
    }
    if (planted(Bug::forgotten_key)) return std::nullopt;
    const auto id = archive_.submitted(orchestrator::submission_id(submission.owner, *submission.key));
    if (!id) return damaged(id.error());
    if (!*id) return std::nullopt;
    const auto job = archive_.job(**id);
    if (!job) return damaged(job.error());
    if (!*job || is_key_free(**job)) return std::nullopt;
    return answer_of(**job, digest);
}

/// However soon texts are erased: who sends again must not begin a second task.
bool JobControl::is_key_free(const Job& job) const {
    constexpr Duration keys_kept = std::chrono::hours(24);
    const auto kept = std::chrono::duration_cast<WallTime::duration>(std::max(policy_.tasks_retain, keys_kept));
    return job.ended_at && *job.ended_at + kept <= world_.wall_now();
}

std::size_t JobControl::waiting() const {
    return demand_.waiting() + accepted_to_wait_.size();
}

/// Under `drop-lru` the batch job that has waited longest leaves a full queue for a newcomer.
std::optional<JobId> JobControl::next_to_leave() const {
    if (policy_.queue_policy != QueuePolicy::drop_lru) return std::nullopt;
    const auto oldest = demand_.oldest_batch();
    const auto found = oldest ? waiting_.find(*oldest) : waiting_.end();
    if (found == waiting_.end()) return std::nullopt;
    return found->second;
}

Problem JobControl::queue_full() const {
    const bool drops = policy_.queue_policy == QueuePolicy::drop_lru;
    return {.code = drops ? ErrorCode::QUEUE_FULL_DROP_LRU : ErrorCode::ADMISSION_REJECT,
            .detail = fmt::format("{} requests and tasks wait already{}", waiting(),
                                  drops ? ", and none of them is a batch task that could leave" : ""),
            .hint = "try again in a moment",
            .limit = "queue.capacity",
            .retry_after_ms = 1'000};
}

void JobControl::leave_full_queue(const JobId& id) {
    log_.info("a batch task leaves the full queue", {{"job", id.str()}});
    end(id, TaskState::failed,
        {ErrorCode::QUEUE_FULL_DROP_LRU, "the queue was full, and this was the batch task that had waited longest",
         true});
    if (live(id) == nullptr) leave_queue(id);  // else the disk has no room even for its end
}

Job JobControl::new_job(const Submission& submission, const ModelId& model) {
    const auto& task = submission.request.task;
    const auto now = world_.wall_now();
    Job job;
    job.id = JobId(world_.new_uuid());
    job.owner = submission.owner;
    job.session = task.session_id;
    if (job.session) job.held = Tokens(task.max_tokens);
    job.model = model;
    job.priority = task.priority.value_or(contracts::Priority::interactive);
    job.submitted_at = now;
    if (task.deadline_ms) job.deadline = now + std::chrono::milliseconds(*task.deadline_ms);
    if (submission.key) job.idempotency = {*submission.key, submission.request.digest};
    return job;
}

void JobControl::accept(Job job, const TaskRequest& request, std::optional<orchestrator::Ticket> ticket,
                        const SubmitReply& reply) {
    const bool waits = !ticket;
    const auto before = demand_.before(job.model, job.priority) + accepted_to_wait_.count(job.model);
    const auto wait = waits ? demand_.predicted_wait(job.model, before) : Duration{};
    const contracts::TaskAccepted accepted{.job_id = job.id,
                                           .status = TaskState::queued,
                                           .queue_position = before,
                                           .predicted_start_ms = wait.transform(whole_milliseconds),
                                           .events_url = fmt::format("/v2/tasks/{}/events", job.id.str())};
    job.answer = reflect::to_json_text(accepted);
    const auto text = reflect::to_text(worker_request(request, job.model, seed_from(world_.new_salt())));
    std::optional<orchestrator::RouteReceipt> receipt;
    if (ticket) {
        receipt = receipt_of(job, *ticket);
        placed_ = Placed{job.id, std::move(*ticket), text};
    } else {
        accepted_to_wait_.insert(job.model);
    }
    submit(orchestrator::SubmitJob{job, queued_frame(accepted), text, world_.new_salt(), std::move(receipt)},
           [this, job, waits, reply](const kernel::Loop::Outcome& outcome) {
               if (waits) accepted_to_wait_.erase(accepted_to_wait_.find(job.model));
               if (!outcome) return reply(std::unexpected(outcome.error()));
               feed_.opened(job.id, 1);
               if (job.deadline) {
                   deadlines_.set(job.id, *job.deadline);
                   watch_deadlines();
               }
               reply(job.answer);
           });
    placed_.reset();  // still there if it was refused
}

void JobControl::cancel(const JobId& id, JobReply reply) {
    if (live(id) == nullptr) return find(id, std::move(reply));
    end(id, TaskState::cancelled, {ErrorCode::CANCELLED, "it was cancelled", false},
        [this, id, reply = std::move(reply)](const kernel::Loop::Outcome& outcome) {
            if (!outcome) return reply(std::unexpected(outcome.error()));
            find(id, reply);
        });
}

void JobControl::find(const JobId& id, JobReply reply) {
    // The job of this moment: what is decided later must not be seen before it is on disk.
    std::optional<Job> now;
    if (const auto* job = live(id)) now = *job;
    fleet_.when_durable([this, id, now = std::move(now), reply = std::move(reply)]() mutable {
        if (now) return reply(std::move(*now));
        auto job = archive_.job(id);
        if (!job) return reply(damaged(job.error()));
        if (!*job) return reply(no_such(id));
        reply(std::move(**job));
    });
}

void JobControl::find_to_read(const JobId& id, JobReply reply) {
    const auto* job = feed_.is_open(id) ? live(id) : nullptr;
    if (job == nullptr) return find(id, std::move(reply));
    reply(*job);
}

std::optional<std::uint64_t> JobControl::queue_position(const Job& job) const {
    const auto found = waits_.find(job.id);
    if (found == waits_.end()) return std::nullopt;
    return demand_.before(found->second);
}

void JobControl::submit(orchestrator::JobCommand command, kernel::Loop::Reply reply) {
    fleet_.submit_unpictured(kernel::Command(std::move(command)), std::move(reply));
}

void JobControl::end(const JobId& id, TaskState outcome, contracts::TaskError error, kernel::Loop::Reply reply) {
    submit(orchestrator::EndJob{id, outcome, std::move(error), world_.wall_now(), world_.new_salt()}, std::move(reply));
}

void JobControl::pause(const JobId& id, Duration pause) {
    pauses_.set(id, world_.now() + pause);
    watch_pauses();
}

void JobControl::watch_pauses() {
    const auto next = pauses_.next();
    if (!next) return;
    pause_timer_->set(*next, [this] {
        for (const auto& id : pauses_.take_due(world_.now())) {
            const auto* job = live(id);
            if (job == nullptr) continue;
            if (job->state == TaskState::queued) {
                enqueue(id);  // its dispatch found no room on the disk
            } else {
                submit(orchestrator::RequeueJob{id}, if_taken_later([this, id] { pause(id, disk_pause); }));
            }
        }
        watch_pauses();
    });
}

void JobControl::watch_deadlines() {
    const auto next = deadlines_.next();
    if (!next) return;
    const auto left = std::chrono::duration_cast<Duration>(*next - world_.wall_now());
    const auto wait = std::clamp(left, Duration{}, clock_check_interval);
    deadline_timer_->set(world_.now() + wait, [this] {
        for (const auto& id : deadlines_.take_due(world_.wall_now())) {
            if (live(id) == nullptr) continue;
            end(id, TaskState::failed, {ErrorCode::DEADLINE_UNMET, "its deadline passed before it was done", true},
                if_taken_later([this, id] {
                    deadlines_.set(id, world_.wall_now() + std::chrono::duration_cast<WallTime::duration>(disk_pause));
                    watch_deadlines();
                }));
        }
        watch_deadlines();
    });
}

void JobControl::erase_old() {
    const auto keep = std::chrono::duration_cast<std::chrono::milliseconds>(policy_.tasks_retain);
    const auto jobs = archive_.ended_before(world_.wall_now() - keep, swept_at_once_max);
    if (!jobs) {
        log_.error("cannot look for tasks to erase", {{"reason", jobs.error().message}});
    } else {
        for (const auto& job : *jobs) {
            submit(orchestrator::EraseJob{job}, [](const auto&) { crash_point(CrashPoint::during_erasure); });
        }
    }
    retention_timer_->set(world_.now() + until_next_sweep(jobs ? jobs->size() : 0), [this] { erase_old(); });
}

}  // namespace rbees::control
