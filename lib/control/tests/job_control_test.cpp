#include "rbees/control/job_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using testing::ElementsAre;

/// A house with a node and a worker, "w1".
class JobControlTest : public testing::Test {
  protected:
    JobControlTest() {
        house.node_registers();
        house.worker_is_ready("w1");
    }

    JobHouse house;
};

TEST_F(JobControlTest, RunsATaskToItsEnd) {
    const auto id = house.submit().value();
    house.generate(4);
    EXPECT_EQ(house.state(id), TaskState::running);
    house.generate(100);

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::completed);
    EXPECT_EQ(job.usage->completion_tokens, Tokens(10));
    EXPECT_EQ(job.receipt->worker, WorkerId("w1"));
    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_THAT(house.events(id), ElementsAre("queued", "started", "token", "end"));
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U) << "the slot is free again";
}

TEST_F(JobControlTest, ATaskThatFindsAFreeSlotIsPlacedInTheCommitThatAcceptsIt) {
    house.store.is_slow = true;
    house.submit();
    house.store.commit();
    house.settle();

    EXPECT_EQ(house.workers.started, 1);
    EXPECT_EQ(house.job(reflect::from_json_text<contracts::TaskAccepted>(*house.answer)->job_id).attempt, 1U);
}

TEST_F(JobControlTest, TellsThatATaskHasStartedBeforeItsFirstToken) {
    const auto id = house.submit().value();
    house.pass(std::chrono::milliseconds(10));

    EXPECT_THAT(house.events(id), ElementsAre("queued", "started"));
}

TEST_F(JobControlTest, AnotherWorkerGoesOnWhereOneDied) {
    const auto id = house.submit().value();
    house.generate(4);
    house.worker_is_ready("w2");

    house.worker_dies("w1");
    EXPECT_EQ(house.job(id).worker, WorkerId("w2"));
    ASSERT_TRUE(house.workers.orders.back().from);
    EXPECT_EQ(house.workers.orders.back().from->generated_ids.size(), 4U);
    EXPECT_EQ(house.workers.orders.back().from->max_tokens, 96U);
    EXPECT_EQ(house.workers.orders.back().model_hash, "hash");
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_THAT(house.events(id), ElementsAre("queued", "started", "token", "end"));
}

TEST_F(JobControlTest, WhatCannotGoOnFailsInsteadOfShowingAnotherText) {
    house.workers.is_continuable = false;
    const auto id = house.submit().value();
    house.generate(4);
    house.worker_is_ready("w2");

    house.worker_dies("w1");

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::failed);
    EXPECT_EQ(job.error->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_TRUE(job.error->retriable);
    EXPECT_EQ(house.text(id), counted(4));
    EXPECT_THAT(house.events(id), ElementsAre("queued", "started", "token", "error"));
}

TEST_F(JobControlTest, AGenerationIsFoundAgainAfterARestart) {
    const auto id = house.submit().value();
    house.generate(4);

    house.restart();
    house.workers.generate(3);
    house.node_registers();
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 1U);
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.workers.started, 1) << "it was not started again";
    EXPECT_EQ(house.job(id).attempt, 1U);
}

TEST_F(JobControlTest, WhatWasNotOnDiskIsReadAgainAfterARestart) {
    const auto id = house.submit().value();
    house.generate(2);
    house.store.is_slow = true;
    house.generate(5);

    house.restart();
    house.store.is_slow = false;
    house.node_registers();
    house.generate(100);

    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.workers.started, 1);
}

TEST_F(JobControlTest, GoesOnElsewhereIfTheWorkerEndedWhileItWasAway) {
    const auto id = house.submit().value();
    house.generate(4);

    house.worker_dies_unnoticed("w1");
    house.restart();
    house.node_registers();
    house.worker_is_ready("w2");
    house.generate(100);

    expect_done_by_a_second_attempt(house, id);
}

TEST_F(JobControlTest, GoesOnElsewhereIfItsNodeDoesNotComeBack) {
    const auto id = house.submit().value();
    house.generate(4);

    house.restart();
    house.pass(FleetControl::node_wait + std::chrono::seconds(1));

    EXPECT_EQ(house.state(id), TaskState::queued);
}

TEST_F(JobControlTest, ATaskThatIsCancelledWhileItsNodeComesBackHoldsNoSlot) {
    const auto other = house.submit().value();
    const auto id = house.submit().value();
    house.restart();
    house.store.is_slow = true;
    house.jobs().cancel(other, [](const auto&) {});
    house.node_registers();  // its picture is shown once the end before it is on disk
    house.jobs().cancel(id, [](const auto&) {});

    house.store.commit();
    house.settle();

    EXPECT_EQ(house.state(id), TaskState::cancelled);
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U);
}

TEST_F(JobControlTest, AnAcceptedTaskWaitsThroughARestart) {
    house.worker_dies("w1");
    const auto id = house.submit().value();
    EXPECT_EQ(house.state(id), TaskState::queued);

    house.restart();
    EXPECT_EQ(house.state(id), TaskState::queued);
    house.node_registers();
    house.worker_is_ready("w2");
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
}

TEST_F(JobControlTest, NothingIsAnsweredBeforeItIsOnDisk) {
    house.store.is_slow = true;
    EXPECT_FALSE(house.submit()) << "neither accepted nor refused";
    EXPECT_FALSE(house.refusal);

    house.store.commit();
    house.settle();

    EXPECT_TRUE(house.answer);
}

TEST_F(JobControlTest, AWorkerBeginsWhileTheTaskIsOnItsWayToTheDisk) {
    house.store.is_slow = true;
    house.submit();

    ASSERT_EQ(house.workers.started, 1);
    house.generate(10);
    EXPECT_FALSE(house.answer);

    house.store.commit();
    house.settle();
    house.store.commit();
    house.settle();
    ASSERT_TRUE(house.answer);
    const auto id = reflect::from_json_text<contracts::TaskAccepted>(*house.answer)->job_id;
    EXPECT_EQ(house.text(id), counted(10));
}

TEST_F(JobControlTest, NobodyHearsOfATaskThatDiedOnItsWayToTheDisk) {
    house.store.is_slow = true;
    house.submit();
    house.generate(3);
    ASSERT_EQ(house.workers.started, 1);

    house.restart();
    house.node_registers();

    EXPECT_FALSE(house.answer);
    EXPECT_TRUE(house.house().fleet.state().jobs.jobs().empty());
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U);
    house.store.is_slow = false;
    const auto next = house.submit().value();
    house.generate(10);
    EXPECT_EQ(house.text(next), counted(10));
}

TEST_F(JobControlTest, AWorkerHearsNothingOfATaskThatIsRefused) {
    house.store.full_for = kernel::Urgency::ordinary;

    EXPECT_FALSE(house.submit());

    EXPECT_EQ(house.workers.started, 0);
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U) << "its slot is free";
}

TEST_F(JobControlTest, ARepeatedSubmissionGetsTheFirstAnswer) {
    const auto id = house.submit("", "key").value();
    const auto first = house.answer;

    EXPECT_EQ(house.submit("", "key"), id);
    EXPECT_EQ(house.answer, first);
    house.generate(100);
    EXPECT_EQ(house.submit("", "key"), id) << "it has ended";
    EXPECT_EQ(house.answer, first);
    EXPECT_NE(house.submit("", "other"), id);
    EXPECT_FALSE(house.submit(R"(, "seed": 5)", "key"));
    EXPECT_EQ(house.refusal->code, ErrorCode::IDEMPOTENCY_MISMATCH);
}

TEST_F(JobControlTest, ARepetitionOfWhatIsOnItsWayWaitsForTheFirst) {
    house.store.is_slow = true;
    house.submit("", "key");
    house.submit("", "key");
    EXPECT_FALSE(house.answer);

    house.store.commit();

    ASSERT_TRUE(house.answer);
    EXPECT_EQ(house.house().fleet.state().jobs.jobs().size(), 1U);
}

TEST_F(JobControlTest, ACancelledTaskEndsAtOnceAndStopsItsWorker) {
    const auto id = house.submit().value();
    house.generate(3);
    std::optional<TaskState> state;
    house.jobs().cancel(id, [&](const auto& job) { state = job->state; });

    EXPECT_EQ(state, TaskState::cancelled);
    EXPECT_TRUE(house.workers.cancelled.contains(AttemptKey{id, 1}));
    EXPECT_THAT(house.events(id), ElementsAre("queued", "started", "token", "error"));
    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U);
    house.jobs().cancel(id, [&](const auto& job) { state = job->state; });
    EXPECT_EQ(state, TaskState::cancelled) << "again changes nothing";
}

TEST_F(JobControlTest, ACancelledTaskLeavesTheQueue) {
    house.worker_dies("w1");
    const auto id = house.submit().value();
    EXPECT_EQ(house.house().demand.waiting(), 1U);

    house.jobs().cancel(id, [](const auto&) {});

    EXPECT_EQ(house.house().demand.waiting(), 0U);
}

TEST_F(JobControlTest, ARefusedRequestFailsAtOnceWithTheWorkersWords) {
    house.workers.refusal = {WorkerFault::refused, {ErrorCode::CONTEXT_TOO_LONG, "9 tokens do not fit 8", false}};
    const auto id = house.submit().value();

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::failed);
    EXPECT_EQ(job.error->code, ErrorCode::CONTEXT_TOO_LONG);
    EXPECT_EQ(job.error->message, "9 tokens do not fit 8");
}

TEST_F(JobControlTest, AJobThatNobodyCanDoIsGivenUpAndKept) {
    house.workers.error = {ErrorCode::INTERNAL, "the engine failed", false};
    house.workers.length = 0;
    const auto id = house.submit().value();
    for (int attempt = 0; attempt < 10; ++attempt) {
        house.generate(1);
        house.pass(std::chrono::minutes(1));
    }

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::dead_letter);
    EXPECT_EQ(job.error->message, "the engine failed");
    EXPECT_EQ(job.attempt, 5U);
}

TEST_F(JobControlTest, GoesOnWhenTheDiskHasRoomAgain) {
    const auto id = house.submit().value();
    house.generate(2);
    house.store.full_for = kernel::Urgency::closing;
    house.generate(100);
    house.pass(std::chrono::seconds(5));
    EXPECT_EQ(house.text(id), counted(2)) << "the disk took no more";

    house.store.full_for.reset();
    house.pass(std::chrono::seconds(5));

    EXPECT_EQ(house.state(id), TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
}

TEST_F(JobControlTest, NothingNewIsAcceptedWhenTheDiskIsNearlyFull) {
    house.store.full_for = kernel::Urgency::ordinary;

    EXPECT_FALSE(house.submit());
    EXPECT_EQ(house.refusal->code, ErrorCode::STORAGE_FULL);
}

TEST_F(JobControlTest, TheTextOfATaskIsErasedAfterItsRetention) {
    const auto id = house.submit("", "key").value();
    house.generate(100);
    house.pass(std::chrono::hours(23));
    EXPECT_EQ(house.text(id), counted(10));

    house.pass(std::chrono::hours(2));

    EXPECT_TRUE(house.store.texts.empty());
    EXPECT_EQ(house.state(id), TaskState::completed) << "that it was there is still known";
    std::optional<contracts::Problem> problem;
    house.jobs().feed().read(ReaderId{1}, id, 0, [&](const auto& piece) { problem = piece.error(); });
    EXPECT_EQ(problem->code, ErrorCode::GONE);
}

TEST(JobKeys, OutliveTheTextOfTheirTaskByADay) {
    auto policy = patient_policy();
    policy.tasks_retain = std::chrono::seconds(2);
    JobHouse house(policy);
    house.node_registers();
    house.worker_is_ready("w1");
    const auto id = house.submit("", "key").value();
    const auto first = house.answer;
    house.generate(100);
    house.pass(std::chrono::hours(1));
    ASSERT_TRUE(house.store.texts.empty());

    EXPECT_EQ(house.submit("", "key"), id);
    EXPECT_EQ(house.answer, first);
    EXPECT_FALSE(house.submit(R"(, "temperature": 1)", "key"));
    EXPECT_EQ(house.refusal->code, ErrorCode::IDEMPOTENCY_MISMATCH);

    house.pass(std::chrono::hours(22));
    EXPECT_EQ(house.submit("", "key"), id);

    house.pass(std::chrono::hours(2));
    EXPECT_NE(house.submit("", "key").value(), id);
}

TEST_F(JobControlTest, ManyTasksShareTheSlots) {
    std::vector<JobId> ids;
    for (int number = 0; number < 20; ++number) {
        ids.push_back(house.submit().value());
    }
    EXPECT_EQ(house.jobs().queue_position(house.job(ids.back())), 15U);
    for (int round = 0; round < 200; ++round) {
        house.generate(1);
    }

    for (const auto& id : ids) {
        EXPECT_EQ(house.text(id), counted(10));
    }
}

}  // namespace
}  // namespace rbees::control
