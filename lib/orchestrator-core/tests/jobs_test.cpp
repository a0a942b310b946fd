#include "rbees/orchestrator_core/jobs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "rbees/base/hash.hpp"
#include "rbees/orchestrator_core/retry_rule.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const JobId job_id("job");
const WorkerId first_worker("first");
const WorkerId second_worker("second");
constexpr WallTime now{std::chrono::hours(1)};

SubmitJob submission(const JobId& id = job_id) {
    SubmitJob command;
    command.job.id = id;
    command.job.owner = TokenId("owner");
    command.job.model = ModelId("model");
    command.job.submitted_at = now;
    command.queued = {"queued", R"({"queue_position":0})"};
    command.request = R"({"prompt":"hello"})";
    command.salt = "salt";
    return command;
}

StoreFrames tokens(std::uint32_t attempt, std::uint64_t count, std::optional<bool> continuable = std::nullopt) {
    StoreFrames command;
    command.job = job_id;
    command.attempt = attempt;
    for (std::uint64_t number = 0; number < count; ++number) {
        command.frames.push_back({"token", R"({"t":"a"})"});
        command.ids.push_back(7);
    }
    command.tokens = Tokens(count);
    if (continuable) command.start = contracts::ExecutionStart{.prompt_ids = {1, 2}, .continuable = *continuable};
    command.at = now;
    command.salt = "salt";
    return command;
}

FailAttempt failure(std::uint32_t attempt, AttemptFault fault) {
    return {job_id, attempt, fault, {ErrorCode::WORKER_UNAVAILABLE, "the worker died", true}, now, "salt"};
}

CompleteJob completion(std::uint32_t attempt) {
    CompleteJob command;
    command.job = job_id;
    command.attempt = attempt;
    command.stop_reason = "stop";
    command.usage = {Tokens(3), Tokens(2), Tokens(5)};
    command.end = {"end", R"({"stop_reason":"stop"})"};
    command.at = now;
    return command;
}

/// Decides and applies; what the command led to.
JobDecision take(Jobs& jobs, const JobCommand& command) {
    auto decision = jobs.decide(command);
    EXPECT_TRUE(decision.has_value()) << (decision ? "" : decision.error().detail);
    if (!decision) return {};
    for (const auto& record : decision->records) {
        jobs.apply(record);
    }
    return std::move(*decision);
}

Jobs with_job() {
    Jobs jobs;
    take(jobs, submission());
    return jobs;
}

Jobs with_running(const WorkerId& worker = first_worker) {
    auto jobs = with_job();
    take(jobs, DispatchJob{job_id, {.worker = worker, .reason = {}}});
    return jobs;
}

std::optional<ErrorCode> refusal(const Jobs& jobs, const JobCommand& command) {
    const auto decision = jobs.decide(command);
    return decision ? std::nullopt : std::optional(decision.error().code);
}

TEST(Jobs, AcceptedOneIsQueuedWithItsRequestAndTheFirstFrameBesideIt) {
    Jobs jobs;

    const auto decision = take(jobs, submission());

    ASSERT_THAT(decision.records, SizeIs(1));
    const auto& queued = std::get<JobQueued>(decision.records.front());
    ASSERT_THAT(decision.payloads, SizeIs(2));
    EXPECT_EQ(decision.payloads[0].id, "job/job/request");
    EXPECT_EQ(decision.payloads[0].bytes, R"({"prompt":"hello"})");
    EXPECT_EQ(queued.request_digest, to_hex(salted_sha256("salt", decision.payloads[0].bytes)));
    EXPECT_EQ(decision.payloads[1].id, "job/job/frames/000000000001");
    EXPECT_EQ(queued.frames_digest, to_hex(salted_sha256("salt", decision.payloads[1].bytes)));
    EXPECT_TRUE(std::holds_alternative<QueueEffect>(decision.effects.front()));
    EXPECT_EQ(jobs.find(job_id)->frames, 1U);
    EXPECT_EQ(refusal(jobs, submission()), ErrorCode::CONFLICT);
}

TEST(Jobs, EachDispatchIsAnotherAttempt) {
    auto jobs = with_running();

    EXPECT_EQ(jobs.find(job_id)->attempt, 1U);
    EXPECT_EQ(refusal(jobs, DispatchJob{job_id, {.worker = second_worker, .reason = {}}}), ErrorCode::CONFLICT);

    take(jobs, failure(1, AttemptFault::worker_lost));
    const auto decision = take(jobs, DispatchJob{job_id, {.worker = second_worker, .reason = {}}});

    EXPECT_EQ(std::get<ExecuteEffect>(decision.effects.front()).attempt, 2U);
    EXPECT_EQ(jobs.find(job_id)->worker, second_worker);
}

TEST(Jobs, KeepNoMoreOfWhatAWorkerSaysThanItsBeginning) {
    auto jobs = with_running();
    auto failed = failure(1, AttemptFault::refused);
    failed.error.message = std::string(1'000'000, 'x');

    const auto decision = take(jobs, failed);

    const auto& ended = std::get<JobEnded>(decision.records.front());
    EXPECT_EQ(ended.error->message.size(), 4096U);
    EXPECT_TRUE(ended.error->message.ends_with("x..."));
    EXPECT_LT(decision.payloads.front().bytes.size(), 10'000U);
}

TEST(Jobs, FramesAreNumberedOnFromThoseThatAreStored) {
    auto jobs = with_running();

    take(jobs, tokens(1, 3, true));
    const auto decision = take(jobs, tokens(1, 2));

    ASSERT_THAT(decision.payloads, SizeIs(1)) << "what it can be continued from was told once";
    EXPECT_EQ(decision.payloads[0].id, "job/job/frames/000000000005");
    const auto frames = reflect::from_json_text<StoredFrames>(decision.payloads[0].bytes).value();
    EXPECT_EQ(frames.first, 5U);
    EXPECT_THAT(frames.frames, SizeIs(2));
    EXPECT_THAT(frames.ids, ElementsAre(7, 7));
    EXPECT_EQ(std::get<StoredEffect>(decision.effects.front()).frames, 6U);
    const auto& job = *jobs.find(job_id);
    EXPECT_EQ(job.state, TaskState::running);
    EXPECT_EQ(job.frames, 6U);
    EXPECT_EQ(job.generated, Tokens(5));
    EXPECT_TRUE(job.continuable);
    EXPECT_EQ(job.started_at, now);
}

TEST(Jobs, AnAttemptThatIsOverIsNotHeardAnyMore) {
    auto jobs = with_running();
    take(jobs, failure(1, AttemptFault::worker_lost));
    take(jobs, DispatchJob{job_id, {.worker = second_worker, .reason = {}}});

    EXPECT_EQ(refusal(jobs, tokens(1, 1)), ErrorCode::CONFLICT);
    EXPECT_EQ(refusal(jobs, completion(1)), ErrorCode::CONFLICT);
    EXPECT_EQ(refusal(jobs, failure(1, AttemptFault::worker_lost)), ErrorCode::CONFLICT);
    EXPECT_EQ(jobs.find(job_id)->frames, 1U);

    take(jobs, tokens(2, 1));
    EXPECT_EQ(jobs.find(job_id)->frames, 2U);
}

TEST(Jobs, CompletedOneEndsOnceWithOneLastFrame) {
    auto jobs = with_running();
    take(jobs, tokens(1, 2));

    const auto decision = take(jobs, completion(1));

    const auto& ended = std::get<JobEnded>(decision.records.front());
    EXPECT_EQ(ended.outcome, TaskState::completed);
    EXPECT_EQ(ended.frames, 4U);
    EXPECT_EQ(ended.usage->total_tokens, Tokens(5));
    EXPECT_EQ(reflect::from_json_text<StoredFrames>(decision.payloads[0].bytes)->frames[0].event, "end");
    EXPECT_EQ(refusal(jobs, completion(1)), ErrorCode::CONFLICT);
    EXPECT_THAT(take(jobs, EndJob{.job = job_id, .error = {}, .at = now, .salt = {}}).records, IsEmpty());

    jobs.forget_ended();
    EXPECT_EQ(jobs.find(job_id), nullptr);
    EXPECT_EQ(refusal(jobs, completion(1)), ErrorCode::NOT_FOUND);
}

TEST(Jobs, AWorkersFirstDeathQueuesTheJobAtOnce) {
    auto jobs = with_running();

    const auto decision = take(jobs, failure(1, AttemptFault::worker_lost));

    EXPECT_TRUE(std::holds_alternative<QueueEffect>(decision.effects.front()));
    const auto& job = *jobs.find(job_id);
    EXPECT_EQ(job.state, TaskState::queued);
    EXPECT_EQ(job.reason, "the worker died");
    EXPECT_FALSE(job.worker);
}

TEST(Jobs, OneThatKillsEveryWorkerEndsAsADeadLetter) {
    auto jobs = with_job();

    for (std::uint32_t attempt = 1; attempt < fruitless_attempts_max; ++attempt) {
        take(jobs, DispatchJob{job_id, {.worker = first_worker, .reason = {}}});
        const auto decision = take(jobs, failure(attempt, AttemptFault::worker_lost));
        if (std::holds_alternative<PauseEffect>(decision.effects.front())) {
            EXPECT_EQ(jobs.find(job_id)->state, TaskState::waiting);
            take(jobs, RequeueJob{job_id});
        }
        ASSERT_EQ(jobs.find(job_id)->state, TaskState::queued);
    }
    take(jobs, DispatchJob{job_id, {.worker = first_worker, .reason = {}}});
    const auto decision = take(jobs, failure(fruitless_attempts_max, AttemptFault::worker_lost));

    EXPECT_EQ(std::get<JobEnded>(decision.records.front()).outcome, TaskState::dead_letter);
    EXPECT_EQ(jobs.find(job_id)->failures, fruitless_attempts_max - 1) << "the evidence stays";
}

TEST(Jobs, ProgressForgivesTheFailuresBeforeIt) {
    auto jobs = with_job();

    for (std::uint32_t attempt = 1; attempt <= 3 * fruitless_attempts_max; ++attempt) {
        take(jobs, DispatchJob{job_id, {.worker = first_worker, .reason = {}}});
        take(jobs, tokens(attempt, 1, true));
        take(jobs, failure(attempt, AttemptFault::worker_lost));
        take(jobs, RequeueJob{job_id});

        ASSERT_EQ(jobs.find(job_id)->state, TaskState::queued) << "attempt " << attempt;
    }
}

TEST(Jobs, OneWhoseTextWasShownAndCannotBeContinuedFails) {
    auto jobs = with_running();
    take(jobs, tokens(1, 1, false));

    const auto decision = take(jobs, failure(1, AttemptFault::worker_lost));

    const auto& ended = std::get<JobEnded>(decision.records.front());
    EXPECT_EQ(ended.outcome, TaskState::failed);
    EXPECT_EQ(ended.error->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_TRUE(ended.error->retriable);
}

TEST(Jobs, ARefusedRequestFailsWithoutASecondAttempt) {
    auto jobs = with_running();

    const auto decision = take(jobs, failure(1, AttemptFault::refused));

    EXPECT_EQ(std::get<JobEnded>(decision.records.front()).outcome, TaskState::failed);
}

TEST(Jobs, CancellingStopsWhatRuns) {
    auto jobs = with_running();

    const auto decision =
        take(jobs, EndJob{job_id, TaskState::cancelled, {ErrorCode::CANCELLED, "cancelled by its owner"}, now, "salt"});

    const auto& stop = std::get<EndedEffect>(decision.effects.front());
    EXPECT_EQ(stop.attempt, 1U);
    EXPECT_EQ(stop.worker, first_worker);
    EXPECT_EQ(jobs.find(job_id)->state, TaskState::cancelled);
    const auto frames = reflect::from_json_text<StoredFrames>(decision.payloads[0].bytes).value();
    EXPECT_EQ(frames.frames[0].event, "error");
    EXPECT_THAT(frames.frames[0].data, HasSubstr("CANCELLED"));
}

TEST(Jobs, AreFoundByTheKeyOfTheirSubmissionUntilTheyEnd) {
    Jobs jobs;
    auto command = submission();
    command.job.idempotency = Idempotency{"key", "digest"};
    take(jobs, command);

    ASSERT_NE(jobs.find_submitted(TokenId("owner"), "key"), nullptr);
    EXPECT_EQ(jobs.find_submitted(TokenId("other"), "key"), nullptr);
    EXPECT_EQ(jobs.find_submitted(TokenId("owner"), "other"), nullptr);

    Jobs recovered;
    recovered.restore(*jobs.find(job_id));
    EXPECT_NE(recovered.find_submitted(TokenId("owner"), "key"), nullptr);

    take(jobs, EndJob{.job = job_id, .error = {}, .at = now, .salt = {}});
    jobs.forget_ended();
    EXPECT_EQ(jobs.find_submitted(TokenId("owner"), "key"), nullptr);
}

TEST(Jobs, OnlyAnEndedOnesTextIsErased) {
    auto jobs = with_running();
    auto ended = *jobs.find(job_id);
    ended.state = TaskState::completed;

    EXPECT_EQ(refusal(jobs, EraseJob{ended}), ErrorCode::CONFLICT);

    take(jobs, completion(1));
    ended = *jobs.find(job_id);
    jobs.forget_ended();
    const auto decision = take(jobs, EraseJob{ended});

    EXPECT_TRUE(std::get<JobErased>(decision.records.front()).job.erased);
    EXPECT_THAT(decision.erased, ElementsAre("job/job/"));
    EXPECT_TRUE(request_payload(job_id).starts_with(decision.erased.front()));
    EXPECT_TRUE(frames_payload(job_id, 1).starts_with(decision.erased.front()));
}

TEST(Jobs, AfterARestartEverythingThatLivesWantsToGoOn) {
    Jobs before;
    take(before, submission(JobId("queued")));
    take(before, submission());
    take(before, DispatchJob{job_id, {.worker = first_worker, .reason = {}}});
    Jobs jobs;
    for (const auto& [id, job] : before.jobs()) {
        jobs.restore(job);
    }

    const auto effects = jobs.reconcile();

    ASSERT_THAT(effects, SizeIs(2));
    EXPECT_EQ(std::get<ExecuteEffect>(effects[0]).worker, first_worker);
    EXPECT_EQ(std::get<QueueEffect>(effects[1]).job, JobId("queued"));
}

TEST(SubmissionId, TellsOwnersAndKeysApartWhereverTheirBorderLies) {
    const auto id = submission_id(TokenId("ab"), "c");

    EXPECT_THAT(id, SizeIs(64));
    EXPECT_EQ(submission_id(TokenId("ab"), "c"), id);
    EXPECT_NE(submission_id(TokenId("a"), "bc"), id);
    EXPECT_NE(submission_id(TokenId("ab"), "d"), id);
}

TEST(RetryRule, PausesLongerFromFailureToFailureAndNotForever) {
    Duration before{};
    for (std::uint32_t failures = 2; failures < fruitless_attempts_max; ++failures) {
        const auto decision = decide_retry(AttemptFault::worker_lost, failures);
        ASSERT_EQ(decision.verdict, Verdict::again);
        EXPECT_GT(decision.pause, before);
        EXPECT_LE(decision.pause, longest_pause);
        before = decision.pause;
    }
    EXPECT_EQ(decide_retry(AttemptFault::engine_error, 1).pause, first_pause);
    EXPECT_EQ(decide_retry(AttemptFault::not_started, 99).verdict, Verdict::again);
}

TEST(RetryRule, AnOrderThatNobodyAnsweredSaysNothingAboutTheJob) {
    EXPECT_EQ(decide_retry(AttemptFault::unanswered, 4).verdict, Verdict::again);
    EXPECT_EQ(decide_retry(AttemptFault::unanswered, 4).pause, unanswered_pause);
    EXPECT_FALSE(counts(AttemptFault::unanswered));
    EXPECT_TRUE(counts(AttemptFault::worker_lost));
}

TEST(RetryRule, WaitsForAnotherLoadOfAModelThatFailedToLoad) {
    for (std::uint32_t failures = 1; failures < fruitless_attempts_max; ++failures) {
        EXPECT_GE(decide_retry(AttemptFault::model_failed, failures).pause, load_retry_pause);
    }
}

}  // namespace
}  // namespace rbees::orchestrator
