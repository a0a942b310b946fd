#include "rbees/orchestrator_core/sessions.hpp"

#include <gtest/gtest.h>

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;

constexpr WallTime noon{std::chrono::hours(12)};
constexpr WallTime later{std::chrono::hours(13)};

class SessionsTest : public testing::Test {
  protected:
    void run(const SessionOutcome& outcome) {
        ASSERT_TRUE(outcome);
        for (const auto& record : *outcome) {
            sessions.apply(record);
        }
    }
    void open(std::optional<Tokens> budget) {
        run(sessions.decide(OpenSession{{.owner = key.owner, .name = key.name, .budget = budget, .opened_at = noon}}));
    }

    const SessionKey key{TokenId("o"), "s"};
    Sessions sessions;
};

TEST_F(SessionsTest, ATaskOpensTheSessionThatItNames) {
    run(sessions.decide_turn(key, noon));
    run(sessions.decide_turn(key, later));

    const auto* session = sessions.find(key);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->turns, 2U);
    EXPECT_EQ(session->opened_at, noon);
    EXPECT_EQ(session->used_at, later);
    EXPECT_EQ(session->budget, std::nullopt);
}

TEST_F(SessionsTest, TakesNoMoreTasksOnceItsBudgetIsSpent) {
    open(Tokens(10));
    run(sessions.decide_turn(key, noon));
    run(sessions.decide_spending(key, Tokens(9), noon));
    run(sessions.decide_turn(key, noon));
    run(sessions.decide_spending(key, Tokens(4), noon));

    const auto refused = sessions.decide_turn(key, later);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::BUDGET_EXCEEDED);
    EXPECT_EQ(refused.error().detail, "session s has spent 13 of its 10 tokens");
}

TEST_F(SessionsTest, ANameBelongsToItsOwner) {
    open({});

    EXPECT_EQ(sessions.find({TokenId("p"), "s"}), nullptr);
    EXPECT_TRUE(sessions.decide(OpenSession{{.owner = TokenId("p"), .name = "s"}}));
    EXPECT_EQ(sessions.decide(OpenSession{{.owner = key.owner, .name = "s"}}).error().code, ErrorCode::CONFLICT);
}

TEST_F(SessionsTest, IsForgottenWhenItIsClosed) {
    open(Tokens(10));
    run(sessions.decide(CloseSession{key}));

    EXPECT_EQ(sessions.find(key), nullptr);
    EXPECT_TRUE(sessions.decide_spending(key, Tokens(5), later).empty()) << "a task of it ends later";
    EXPECT_EQ(sessions.decide(CloseSession{key}).error().code, ErrorCode::NOT_FOUND);
}

}  // namespace
}  // namespace rbees::orchestrator
