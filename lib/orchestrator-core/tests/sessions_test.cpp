#include "rbees/orchestrator_core/sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using testing::HasSubstr;

constexpr WallTime noon{std::chrono::hours(12)};
constexpr WallTime later{std::chrono::hours(13)};

class SessionsTest : public testing::Test {
  protected:
    void run(const SessionOutcome& outcome) {
        ASSERT_TRUE(outcome) << outcome.error().detail;
        for (const auto& record : *outcome) {
            sessions.apply(record);
        }
    }
    void open(std::optional<Tokens> budget) {
        run(sessions.decide(OpenSession{{.owner = key.owner, .name = key.name, .budget = budget, .opened_at = noon}}));
    }
    void enter(std::uint64_t answer_max) { run(sessions.decide_turn(key, Tokens(answer_max), noon)); }
    void spend(std::uint64_t freed, std::uint64_t prompt, std::uint64_t answer) {
        run(sessions.decide_spending(key, {Tokens(freed), Tokens(prompt), Tokens(answer)}, later));
    }
    [[nodiscard]] contracts::Problem refusal(std::uint64_t answer_max) const {
        const auto refused = sessions.decide_turn(key, Tokens(answer_max), later);
        EXPECT_FALSE(refused);
        return refused ? contracts::Problem{} : refused.error();
    }

    const SessionKey key{TokenId("o"), "s"};
    const SessionEnd end{TokenId("o"), later};
    Sessions sessions;
};

TEST_F(SessionsTest, ATaskOpensTheSessionThatItNames) {
    run(sessions.decide_turn(key, Tokens(5), noon));
    run(sessions.decide_turn(key, Tokens(7), later));

    const auto* session = sessions.find(key);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->turns, 2U);
    EXPECT_EQ(session->live(), 2U);
    EXPECT_EQ(session->held, Tokens(12));
    EXPECT_EQ(session->opened_at, noon);
    EXPECT_EQ(session->used_at, later);
    EXPECT_EQ(session->budget, std::nullopt);
    EXPECT_EQ(session->left(), std::nullopt);
}

TEST_F(SessionsTest, CountsPromptsAndAnswersWhenTasksEnd) {
    open(Tokens(100));
    enter(20);
    enter(30);

    spend(20, 4, 15);

    const auto* session = sessions.find(key);
    EXPECT_EQ(session->prompts, Tokens(4));
    EXPECT_EQ(session->answers, Tokens(15));
    EXPECT_EQ(session->used(), Tokens(19));
    EXPECT_EQ(session->held, Tokens(30));
    EXPECT_EQ(session->left(), Tokens(51));
    EXPECT_EQ(session->live(), 1U);
    EXPECT_EQ(session->used_at, later);
}

TEST_F(SessionsTest, TakesNoTaskWhoseAnswerMightBeMoreThanIsLeft) {
    open(Tokens(10));
    enter(6);

    const auto held = refusal(5);
    spend(6, 1, 3);
    const auto too_long = refusal(7);

    EXPECT_EQ(held.code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_THAT(held.detail, HasSubstr("6 are held for tasks that have not ended, and this one may take 5"));
    EXPECT_TRUE(held.retry_after_ms) << "it fits when the other one gave a short answer";
    EXPECT_EQ(too_long.code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_EQ(too_long.hint, "a max_tokens of at most 6, or another session");
    EXPECT_EQ(too_long.retry_after_ms, std::nullopt);
    EXPECT_TRUE(sessions.decide_turn(key, Tokens(6), later));
}

TEST_F(SessionsTest, TakesNoMoreTasksOnceItsBudgetIsSpent) {
    open(Tokens(10));
    enter(4);
    spend(4, 9, 4);

    const auto refused = refusal(1);

    EXPECT_EQ(refused.code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_EQ(refused.detail, "session s has spent 13 of its 10 tokens");
    EXPECT_EQ(refused.limit, "token_budget");
    EXPECT_EQ(sessions.find(key)->left(), Tokens{});
}

TEST_F(SessionsTest, ANameBelongsToItsOwner) {
    open({});

    EXPECT_EQ(sessions.find({TokenId("p"), "s"}), nullptr);
    EXPECT_FALSE(sessions.decide(OpenSession{{.owner = TokenId("p"), .name = "s"}})->empty());
}

TEST_F(SessionsTest, OpeningTwiceIsOpeningOnceUnlessTheBudgetDiffers) {
    open(Tokens(10));

    const auto again = sessions.decide(OpenSession{{.owner = key.owner, .name = "s", .budget = Tokens(10)}});
    const auto other = sessions.decide(OpenSession{{.owner = key.owner, .name = "s"}});

    ASSERT_TRUE(again);
    EXPECT_TRUE(again->empty());
    EXPECT_EQ(other.error().code, ErrorCode::CONFLICT);
    EXPECT_THAT(other.error().detail, HasSubstr("with another budget"));
}

TEST_F(SessionsTest, OneThatIsClosedTakesNoMoreTasksAndCountsThoseThatEndLater) {
    open(Tokens(10));
    enter(5);
    run(sessions.decide(CloseSession{key, end}));

    spend(5, 1, 2);

    const auto* session = sessions.find(key);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->closed, end);
    EXPECT_EQ(session->used(), Tokens(3));
    const auto refused = refusal(1);
    EXPECT_EQ(refused.code, ErrorCode::CONFLICT);
    EXPECT_EQ(refused.detail, "session s is closed and takes no more tasks");
    EXPECT_EQ(sessions.decide(OpenSession{*session}).error().detail, "session s was closed");
}

TEST_F(SessionsTest, ClosingTwiceIsClosingOnce) {
    open({});
    run(sessions.decide(CloseSession{key, end}));

    const auto again = sessions.decide(CloseSession{key, {TokenId("p"), later}});

    ASSERT_TRUE(again);
    EXPECT_TRUE(again->empty());
    EXPECT_EQ(sessions.decide(CloseSession{{TokenId("p"), "s"}, end}).error().code, ErrorCode::NOT_FOUND);
}

TEST_F(SessionsTest, OneIsForgottenOnlyWhenItsTasksHaveEnded) {
    enter(5);
    EXPECT_EQ(sessions.decide(ForgetSession{key}).error().code, ErrorCode::CONFLICT);

    spend(5, 1, 2);
    run(sessions.decide(ForgetSession{key}));

    EXPECT_EQ(sessions.find(key), nullptr);
    EXPECT_EQ(sessions.decide(ForgetSession{key}).error().code, ErrorCode::NOT_FOUND);
    EXPECT_TRUE(sessions.decide_spending(key, {}, noon).empty());
}

TEST_F(SessionsTest, ThereAreNotMoreThanTheLimitSays) {
    for (std::size_t number = 0; number < sessions_max; ++number) {
        sessions.restore({.owner = TokenId("p"), .name = std::to_string(number)});
    }

    EXPECT_EQ(refusal(1).code, ErrorCode::LIMIT_EXCEEDED);
    EXPECT_EQ(sessions.decide(OpenSession{{.owner = key.owner, .name = key.name}}).error().limit, "sessions_max");
    EXPECT_TRUE(sessions.decide_turn({TokenId("p"), "0"}, Tokens(1), noon)) << "those that are there go on";
}

}  // namespace
}  // namespace rbees::orchestrator
