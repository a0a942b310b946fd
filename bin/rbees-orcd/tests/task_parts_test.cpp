/// What requests about tasks say, and how tasks look to their readers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

#include "api/task_questions.hpp"
#include "api/task_views.hpp"
#include "control/worker_client.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using testing::HasSubstr;
using testing::SizeIs;

net::Request with_header(std::string_view name, std::string_view value) {
    net::Request request;
    request.headers.append(name, value);
    return request;
}

net::Request with_query(std::vector<std::pair<std::string, std::string>> query) {
    net::Request request;
    request.query = std::move(query);
    return request;
}

TEST(IdempotencyKey, IsAnyVisibleAsciiOfTheRightLength) {
    EXPECT_EQ(idempotency_key(net::Request{}).value(), std::nullopt);
    EXPECT_EQ(idempotency_key(with_header("idempotency-key", "\"a-1~\"")).value(), "\"a-1~\"");
    EXPECT_EQ(idempotency_key(with_header("Idempotency-Key", std::string(255, 'k'))).value(), std::string(255, 'k'));
}

TEST(IdempotencyKey, IsRefusedIfItIsAnythingElse) {
    for (const auto& key : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("\xc3\xa9")}) {
        const auto read = idempotency_key(with_header("Idempotency-Key", key));

        ASSERT_FALSE(read) << key;
        EXPECT_EQ(read.error().code, ErrorCode::INVALID_PARAMS);
    }
}

TEST(IdempotencyKey, IsRefusedIfItStandsTwice) {
    auto request = with_header("Idempotency-Key", "one");
    request.headers.append("Idempotency-Key", "two");

    EXPECT_FALSE(idempotency_key(request));
}

TEST(LeaseOfAWorker, IsBoundedWhateverTheWorkerSays) {
    EXPECT_EQ(lease_of({60'000}), std::chrono::seconds(60));
    EXPECT_EQ(lease_of({0}), std::chrono::seconds(1));
    EXPECT_EQ(lease_of({std::numeric_limits<std::uint64_t>::max()}), std::chrono::days(7));
}

TEST(LastEvent, IsThatOfTheHeaderThenThatOfTheQuery) {
    auto both = with_query({{"after", "3"}});
    EXPECT_EQ(last_event(both).value(), 3U);

    both.headers.append("Last-Event-ID", "7");
    EXPECT_EQ(last_event(both).value(), 7U);
    EXPECT_EQ(last_event(net::Request{}).value(), 0U);
    EXPECT_EQ(last_event(with_header("Last-Event-ID", "")).value(), 0U);
}

TEST(LastEvent, IsRefusedIfItIsNoNumber) {
    for (const auto* text : {"x", "-1", "1.5", "7x", "99999999999999999999"}) {
        EXPECT_FALSE(last_event(with_header("Last-Event-ID", text))) << text;
    }
}

TEST(ListQuery, ReadsEveryFilter) {
    const auto query = task_query(with_query({{"status", "failed"},
                                              {"model", "m"},
                                              {"session", "s"},
                                              {"since", "2026-11-21T11:00:00Z"},
                                              {"until", "2026-11-21T12:00:00Z"},
                                              {"limit", "7"},
                                              {"unknown", "x"}}));

    ASSERT_TRUE(query);
    EXPECT_EQ(query->filter.status, "failed");
    EXPECT_EQ(query->filter.model, "m");
    EXPECT_EQ(query->filter.parent, "s");
    EXPECT_EQ(*query->filter.created_before - *query->filter.created_from, std::chrono::hours(1));
    EXPECT_EQ(query->limit, 7U);
    EXPECT_EQ(query->filter.phase, std::nullopt);
}

TEST(ListQuery, TakesLiveForEverythingThatHasNotEnded) {
    const auto query = task_query(with_query({{"status", "live"}}));

    ASSERT_TRUE(query);
    EXPECT_EQ(query->filter.phase, store::EntityPhase::live);
    EXPECT_EQ(query->filter.status, std::nullopt);
}

TEST(ListQuery, NamesEverythingThatIsWrong) {
    const auto query = task_query(
        with_query({{"status", "busy"}, {"model", ""}, {"since", "today"}, {"limit", "201"}, {"cursor", "no cursor"}}));

    ASSERT_FALSE(query);
    EXPECT_THAT(query.error().errors, SizeIs(5));
    EXPECT_THAT(query.error().detail, HasSubstr("?limit: must be a whole number from 1 to 200"));
}

TEST(ListQuery, OfSessionsReadsEveryFilter) {
    const auto query = session_query(with_query({{"status", "closed"}, {"owner", "t"}, {"limit", "3"}}));
    const auto wrong = session_query(with_query({{"status", "live"}, {"owner", ""}, {"limit", "0"}}));

    ASSERT_TRUE(query);
    EXPECT_EQ(query->filter.status, "closed");
    EXPECT_EQ(query->filter.owner, "t");
    EXPECT_EQ(query->limit, 3U);
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().errors, SizeIs(3));
}

orchestrator::Job job_in(TaskState state) {
    orchestrator::Job job;
    job.id = JobId("j1");
    job.owner = TokenId("t1");
    job.model = ModelId("m");
    job.state = state;
    job.submitted_at = WallTime{} + std::chrono::seconds(100);
    return job;
}

constexpr WallTime later = WallTime{} + std::chrono::seconds(105);

TEST(TaskVisibility, IsForTheOwnerAndForAdmins) {
    const auto job = job_in(TaskState::queued);

    EXPECT_TRUE(may_see({"t1", contracts::Role::node}, job));
    EXPECT_TRUE(may_see({"t2", contracts::Role::admin}, job));
    EXPECT_FALSE(may_see({"t2", contracts::Role::node}, job));
}

TEST(TaskExplanation, OfAQueuedOneSaysWhatItWaitsForAndItsPlace) {
    const auto told = explanation_of(job_in(TaskState::queued), {.queue_position = 2, .workers = 1, .now = later});

    EXPECT_EQ(told.summary, "It has waited 5 s for a free slot of a worker with m; 2 requests before it.");
    EXPECT_EQ(told.waits_for, "a free slot of a worker with m");
    EXPECT_EQ(told.waited_ms, 5'000U);
}

TEST(TaskExplanation, OfAQueuedOneWithoutAWorkerSaysThatTheModelIsNotLoaded) {
    const auto told = explanation_of(job_in(TaskState::queued), {.queue_position = 0, .workers = 0, .now = later});

    EXPECT_THAT(told.summary, HasSubstr("No worker has the model loaded yet."));
    EXPECT_THAT(told.next, HasSubstr("A worker is started for the model"));
}

TEST(TaskExplanation, OfARunningOneSaysWhatFollowsFromItsWorkersDeath) {
    auto job = job_in(TaskState::running);
    job.worker = WorkerId("w1");
    job.attempt = 2;
    job.generated = Tokens(1);
    job.receipt = orchestrator::RouteReceipt{WorkerId("w1"), "the only worker of its model", 1'200, 1};

    EXPECT_THAT(explanation_of(job, {.now = later}).next, HasSubstr("the task fails"));
    job.continuable = true;
    const auto told = explanation_of(job, {.now = later});

    EXPECT_EQ(told.summary, "Worker w1 works on it (attempt 2); 1 token is stored.");
    EXPECT_THAT(told.next, HasSubstr("another one goes on behind the last stored token"));
    EXPECT_EQ(told.route->waited_ms, 1'200U);
    EXPECT_EQ(told.waits_for, std::nullopt);
}

TEST(TaskExplanation, OfAFailedOneSaysWhy) {
    auto job = job_in(TaskState::failed);
    job.attempt = 1;
    job.error = contracts::TaskError{ErrorCode::CONTEXT_TOO_LONG, "too long", false};

    const auto told = explanation_of(job, {.now = later});

    EXPECT_EQ(told.summary, "It failed after 1 attempt. CONTEXT_TOO_LONG: too long.");
    EXPECT_THAT(told.next, HasSubstr("Submit it anew"));
    job.error->message = "The body must be an object.";
    EXPECT_EQ(explanation_of(job, {.now = later}).summary,
              "It failed after 1 attempt. CONTEXT_TOO_LONG: The body must be an object.");
}

TEST(TaskExplanation, HasWordsForEveryState) {
    for (const auto state : {TaskState::queued, TaskState::waiting, TaskState::dispatched, TaskState::running,
                             TaskState::completed, TaskState::failed, TaskState::cancelled, TaskState::dead_letter}) {
        const auto told = explanation_of(job_in(state), {.now = later});

        EXPECT_NE(told.summary, "") << reflect::name_of(state);
        EXPECT_NE(told.next, "") << reflect::name_of(state);
    }
}

}  // namespace
}  // namespace rbees::orcd
