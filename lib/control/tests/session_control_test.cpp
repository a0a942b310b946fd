#include "rbees/control/session_control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "job_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using orchestrator::Session;
using orchestrator::SessionKey;

const std::string in_session = R"(, "session_id": "s")";

/// A house with one worker, and the session "s" of whoever submits there.
class SessionControlTest : public testing::Test {
  protected:
    explicit SessionControlTest(Policy policy = patient_policy()) : house(std::move(policy)) { house.node_registers(); }

    Checked<Session> open(std::optional<Tokens> budget) {
        std::optional<Checked<Session>> opened;
        house.sessions().open(key, budget, [&](const auto& session) { opened = session; });
        house.settle();
        return opened.value_or(std::unexpected(contracts::Problem{.detail = "no answer"}));
    }
    Done close(LiveTasks fate) {
        std::optional<Done> closed;
        house.sessions().close(key, TokenId("admin"), fate, [&](const auto& done) { closed = done; });
        house.settle();
        return closed.value_or(std::unexpected(contracts::Problem{.detail = "no answer"}));
    }
    std::optional<Session> session() {
        std::optional<Session> found;
        house.sessions().find(key, [&](const auto& one) {
            if (one) found = *one;
        });
        return found;
    }

    const SessionKey key{TokenId("somebody"), "s"};
    JobHouse house;
};

TEST_F(SessionControlTest, CountsWhatItsTasksSpendAlsoOverARestart) {
    house.worker_is_ready("w");
    const auto first = house.submit(in_session).value();
    house.generate(20);
    ASSERT_EQ(house.state(first), TaskState::completed);
    const auto second = house.submit(in_session).value();
    house.generate(4);
    const auto before = session();

    house.restart();

    ASSERT_TRUE(before);
    EXPECT_EQ(before->turns, 2U);
    EXPECT_EQ(before->live(), 1U);
    EXPECT_EQ(before->prompts, Tokens(3));
    EXPECT_EQ(before->answers, Tokens(10));
    EXPECT_EQ(before->held, Tokens(100));
    EXPECT_EQ(session(), before);
    house.jobs().cancel(second, [](const auto&) {});
    house.settle();
    EXPECT_EQ(session()->answers, Tokens(14)) << "what was stored of an answer without a result was spent, too";
    EXPECT_EQ(session()->prompts, Tokens(3));
    EXPECT_EQ(session()->held, Tokens{});
}

TEST_F(SessionControlTest, ABudgetIsNotSpentTwiceByTasksAtOnce) {
    house.worker_is_ready("w");
    ASSERT_TRUE(open(Tokens(150)));
    const auto first = house.submit(in_session).value();

    EXPECT_FALSE(house.submit(in_session)) << "both might take 100";
    EXPECT_EQ(house.refusal->code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_TRUE(house.refusal->retry_after_ms);
    house.generate(20);
    ASSERT_EQ(house.state(first), TaskState::completed);

    EXPECT_TRUE(house.submit(in_session)) << "the first took 13 of its 100";
}

TEST_F(SessionControlTest, OpeningItAgainIsAnsweredWithItAsItIs) {
    ASSERT_TRUE(open(Tokens(150)));
    house.submit(in_session).value();

    const auto again = open(Tokens(150));
    const auto other = open(std::nullopt);

    ASSERT_TRUE(again);
    EXPECT_EQ(again->turns, 1U);
    EXPECT_EQ(other.error().code, ErrorCode::CONFLICT);
}

TEST_F(SessionControlTest, OneThatIsClosedRefusesTasksAndItsOwnGoOn) {
    house.worker_is_ready("w");
    const auto running = house.submit(in_session).value();

    ASSERT_TRUE(close(LiveTasks::go_on));

    EXPECT_FALSE(house.submit(in_session));
    EXPECT_EQ(house.refusal->code, ErrorCode::CONFLICT);
    house.generate(20);
    EXPECT_EQ(house.state(running), TaskState::completed);
    EXPECT_EQ(session()->used(), Tokens(13));
    EXPECT_EQ(session()->closed->by, TokenId("admin"));
    EXPECT_TRUE(close(LiveTasks::go_on)) << "to close it again is safe";
}

TEST_F(SessionControlTest, ClosingCanCancelItsTasksAndNoOthers) {
    house.worker_is_ready("w", 1);
    const auto running = house.submit(in_session).value();
    const auto queued = house.submit(in_session).value();
    const auto other = house.submit(R"(, "session_id": "other")").value();
    const auto free = house.submit().value();

    ASSERT_TRUE(close(LiveTasks::are_cancelled));

    EXPECT_EQ(house.state(running), TaskState::cancelled);
    EXPECT_EQ(house.state(queued), TaskState::cancelled);
    EXPECT_FALSE(contracts::has_ended(house.state(other)));
    EXPECT_FALSE(contracts::has_ended(house.state(free)));
    EXPECT_EQ(session()->live(), 0U);
    EXPECT_TRUE(close(LiveTasks::are_cancelled)) << "there is nothing left to cancel";
}

TEST_F(SessionControlTest, OneThatNeverWasCannotBeClosed) {
    EXPECT_EQ(close(LiveTasks::go_on).error().code, ErrorCode::NOT_FOUND);
    EXPECT_EQ(session(), std::nullopt);
}

TEST_F(SessionControlTest, AKeyIsAnsweredAgainAfterTheSessionWasClosed) {
    const auto first = house.submit(in_session, "key");
    ASSERT_TRUE(first);
    ASSERT_TRUE(close(LiveTasks::go_on));

    EXPECT_EQ(house.submit(in_session, "key"), first);
}

class SessionsOfAFullQueue : public SessionControlTest {
  protected:
    static Policy full() {
        auto policy = patient_policy();
        policy.queue_capacity = 1;
        policy.queue_policy = QueuePolicy::drop_lru;
        return policy;
    }
    SessionsOfAFullQueue() : SessionControlTest(full()) {}
};

TEST_F(SessionsOfAFullQueue, ATaskThatItsSessionRefusesDrivesNoOtherOut) {
    const auto batch = house.submit(R"(, "priority": "batch")").value();
    ASSERT_TRUE(open(Tokens(50)));

    EXPECT_FALSE(house.submit(in_session));

    EXPECT_EQ(house.refusal->code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_EQ(house.state(batch), TaskState::queued);
}

class SessionRetention : public SessionControlTest {
  protected:
    static Policy brief() {
        auto policy = patient_policy();
        policy.sessions_retain = std::chrono::hours(1);
        policy.tasks_retain = std::chrono::hours(100);
        return policy;
    }
    SessionRetention() : SessionControlTest(brief()) {}
};

TEST_F(SessionRetention, OneThatNobodyUsesIsForgotten) {
    ASSERT_TRUE(open(Tokens(150)));
    EXPECT_EQ(house.sessions().remembered_for(*session()), std::chrono::hours(1));

    house.pass(std::chrono::minutes(59));
    EXPECT_TRUE(session());
    house.pass(std::chrono::minutes(3));

    EXPECT_EQ(session(), std::nullopt);
    EXPECT_TRUE(open(Tokens(70))) << "the name is free again";
}

TEST_F(SessionRetention, OneWithATaskThatHasNotEndedIsKept) {
    house.house().pools.refusal = {.code = ErrorCode::INSUFFICIENT_MEMORY, .detail = "no room"};
    house.submit(in_session).value();

    house.pass(std::chrono::hours(5));

    ASSERT_TRUE(session());
    EXPECT_EQ(house.sessions().remembered_for(*session()), std::nullopt);
}

TEST_F(SessionRetention, OneThatIsClosedIsRememberedAsLong) {
    ASSERT_TRUE(open(std::nullopt));
    house.pass(std::chrono::minutes(50));
    ASSERT_TRUE(close(LiveTasks::go_on));

    house.pass(std::chrono::minutes(58));
    EXPECT_TRUE(session()) << "so that late tasks of it are refused";
    house.pass(std::chrono::minutes(4));

    EXPECT_EQ(session(), std::nullopt);
}

}  // namespace
}  // namespace rbees::control
