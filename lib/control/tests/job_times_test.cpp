/// Deadlines, leases and patience of durable jobs, whatever the clock on the wall shows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_house.hpp"
#include "rbees/control/attempt.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/orchestrator_core/retry_rule.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;

/// A house with a node and a worker, "w1".
class JobTimesTest : public testing::Test {
  protected:
    JobTimesTest() {
        house.node_registers();
        house.worker_is_ready("w1");
    }

    JobHouse house;
};

/// The same, whose workers wait no longer than three seconds for a sign of life.
class ShortLeaseTest : public testing::Test {
  protected:
    static constexpr Duration lease = std::chrono::seconds(3);

    ShortLeaseTest() {
        house.workers.limits.lease = lease;
        house.node_registers();
        house.worker_is_ready("w1");
    }

    static Policy policy() {
        auto policy = patient_policy();
        policy.tasks_lease = lease;
        return policy;
    }

    JobHouse house{policy()};
};

TEST_F(JobTimesTest, ATaskWhoseDeadlinePassesFails) {
    const auto id = house.submit(R"(, "deadline_ms": 5000)").value();
    house.generate(3);
    house.pass(std::chrono::seconds(4));
    EXPECT_EQ(house.state(id), TaskState::running);

    house.pass(std::chrono::seconds(2));

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::failed);
    EXPECT_EQ(job.error->code, ErrorCode::DEADLINE_UNMET);
    EXPECT_TRUE(house.workers.cancelled.contains(AttemptKey{id, 1}));
}

TEST_F(JobTimesTest, AClockThatIsSetEndsNoLeaseNoAttemptAndNoWait) {
    house.workers.length = 100;
    for (const Duration jump : {-Duration(std::chrono::hours(1)), Duration(std::chrono::days(400))}) {
        const auto runs = house.submit().value();
        house.generate(3);
        house.house().world.set_wall_clock(jump);
        house.pass(std::chrono::minutes(5));
        house.generate(200);

        EXPECT_EQ(house.state(runs), TaskState::completed);
        EXPECT_EQ(house.text(runs), counted(100));
        EXPECT_EQ(house.job(runs).attempt, 1U);
    }
}

TEST_F(JobTimesTest, ADeadlineIsThatOfTheClockOnTheWall) {
    const auto id = house.submit(R"(, "deadline_ms": 3600000)").value();
    house.generate(3);

    house.house().world.set_wall_clock(std::chrono::hours(2));
    house.pass(std::chrono::minutes(1));

    EXPECT_EQ(house.job(id).error->code, ErrorCode::DEADLINE_UNMET);
}

TEST_F(JobTimesTest, AWorkerThatIsSilentForLongIsGivenUp) {
    const auto id = house.submit().value();
    house.generate(3);
    house.worker_is_ready("w2");
    house.workers.silent.insert("http://w1");

    house.pass(std::chrono::minutes(2));
    house.generate(100);

    expect_done_by_a_second_attempt(house, id);
}

/// Frozen, or cut off: nothing is known of what it would do with the task.
TEST_F(JobTimesTest, AWorkerThatNeverAnswersTheOrderCostsNoAttempt) {
    house.workers.silent.insert("http://w1");
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(30));
    EXPECT_EQ(house.job(id).failures, 0U);
    EXPECT_LE(house.job(id).attempt, std::chrono::minutes(30) / (2 * Attempt::patience)) << "it is not hammered";
    house.workers.silent.clear();
    house.pass(std::chrono::minutes(1));
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.workers.started, 1);
}

/// Its pool manager may reach it, so that nobody kills it.
TEST_F(JobTimesTest, AnotherWorkerIsLoadedBesideOneThatAnswersNobodyHere) {
    house.workers.silent.insert("http://w1");
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(2));
    ASSERT_THAT(house.house().pools.spawns, testing::SizeIs(testing::Ge(1U)));
    house.worker_is_ready(house.house().pools.spawns.front().str());
    house.pass(std::chrono::minutes(1));
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
}

TEST_F(JobTimesTest, OthersDoNotFindOutAgainThatAWorkerDoesNotAnswer) {
    house.worker_is_ready("w2", 1);
    house.workers.silent.insert("http://w1");
    const auto first = house.submit().value();
    const auto second = house.submit().value();
    house.generate(100);

    EXPECT_EQ(house.state(first), TaskState::dispatched) << "w1 had more free slots";
    EXPECT_EQ(house.state(second), TaskState::completed);
}

/// The order takes it too long, or is lost on it; its next worker would fare no better.
TEST_F(JobTimesTest, ATaskWhoseOrderNoLivingWorkerAnswersIsGivenUp) {
    house.workers.speechless.insert("http://w1");
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(1));
    EXPECT_NE(house.state(id), TaskState::dead_letter);
    EXPECT_GE(house.job(id).failures, 1U);
    house.pass(std::chrono::minutes(30));

    EXPECT_EQ(house.state(id), TaskState::dead_letter);
    EXPECT_EQ(house.job(id).attempt, 5U);
}

TEST_F(JobTimesTest, AWorkerKilledForItsSilenceCostsOneAttemptAtMost) {
    house.workers.silent.insert("http://w1");
    const auto id = house.submit().value();
    house.pass(std::chrono::minutes(2));
    EXPECT_EQ(house.job(id).failures, 0U);
    while (house.state(id) != TaskState::dispatched) {
        house.pass(std::chrono::seconds(1));
    }

    house.worker_dies("w1");

    EXPECT_EQ(house.job(id).failures, 1U);
}

TEST_F(JobTimesTest, ATaskThatFreezesEachOfItsWorkersIsGivenUp) {
    house.workers.silent.insert("http://w1");
    const auto id = house.submit().value();

    for (int kills = 0; kills < 5; ++kills) {
        house.pass(std::chrono::seconds(10));
        EXPECT_EQ(house.job(id).failures, static_cast<std::uint32_t>(kills));
        ASSERT_EQ(house.state(id), TaskState::dispatched);
        house.worker_dies("w1");
        house.worker_is_ready("w1");
        house.pass(std::chrono::seconds(5));
    }

    EXPECT_EQ(house.state(id), TaskState::dead_letter);
}

TEST_F(JobTimesTest, AWorkerThatTookTheTaskAndFellSilentCostsOneAttempt) {
    const auto id = house.submit().value();
    house.generate(3);
    house.workers.silent.insert("http://w1");

    house.pass(std::chrono::minutes(30));

    EXPECT_EQ(house.job(id).failures, 1U);
    EXPECT_GT(house.job(id).attempt, 2U);
    EXPECT_NE(house.state(id), TaskState::dead_letter);
}

TEST_F(JobTimesTest, AWorkerThatFellSilentWhileOrcdWasAwayCostsTheAttemptThatItHad) {
    const auto id = house.submit().value();
    house.generate(3);
    house.workers.silent.insert("http://w1");
    house.restart();
    house.node_registers();

    house.pass(std::chrono::minutes(5));

    EXPECT_EQ(house.job(id).failures, 1U);
}

TEST_F(JobTimesTest, ATaskGoesOnWithTheWorkerThatTakesTheFrozenOnesPlace) {
    house.workers.silent.insert("http://w1");
    const auto id = house.submit().value();
    house.pass(std::chrono::minutes(2));

    house.worker_dies("w1");
    house.worker_is_ready("w2");
    house.pass(orchestrator::longest_pause);
    house.generate(100);

    EXPECT_EQ(house.state(id), TaskState::completed);
    EXPECT_EQ(house.text(id), counted(10));
}

TEST_F(JobTimesTest, ATaskThatFindsNobodyAtEachOfItsWorkersIsGivenUp) {
    house.workers.dead.insert("http://w1");
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(30));

    EXPECT_EQ(house.state(id), TaskState::dead_letter) << "it may be what kills them";
}

TEST_F(JobTimesTest, ATaskThatBreaksEachOfItsWorkersIsGivenUp) {
    house.workers.refusal = {WorkerFault::broken, {ErrorCode::WORKER_UNAVAILABLE, "the worker answered 500", true}};
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(30));

    const auto job = house.job(id);
    EXPECT_EQ(job.state, TaskState::dead_letter);
    EXPECT_EQ(job.error->message, "the worker answered 500");
}

TEST_F(JobTimesTest, ALeaseIsRenewedAsLongAsTheGenerationTakes) {
    const auto id = house.submit().value();
    house.generate(3);
    for (int minute = 0; minute < 10; ++minute) {
        house.pass(std::chrono::minutes(1));
    }
    house.generate(100);

    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.job(id).attempt, 1U);
}

TEST_F(ShortLeaseTest, IsRenewedInTime) {
    const auto id = house.submit().value();
    house.generate(3);
    house.pass(std::chrono::minutes(1));
    house.generate(100);

    EXPECT_EQ(house.text(id), counted(10));
    EXPECT_EQ(house.job(id).attempt, 1U);
}

}  // namespace
}  // namespace rbees::control
