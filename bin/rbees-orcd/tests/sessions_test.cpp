/// Sessions of durable tasks through a real rbees-orcd: opened, used up, listed, closed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "rbees/contracts/sessions.hpp"
#include "rbees/contracts/tokens.hpp"
#include "task_house.hpp"

namespace rbees::orcd {
namespace {

using contracts::SessionPage;
using contracts::SessionStatus;
using contracts::SessionView;
using contracts::TaskState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// A task of that session with an answer of so many tokens at most.
std::string task_of(std::string_view session, int tokens_max = 8) {
    return fmt::format(R"({{"model":"smollm2","prompt":"hello","max_tokens":{},"session_id":"{}"}})", tokens_max,
                       session);
}

class Sessions : public Tasks {
  protected:
    [[nodiscard]] Answer ask(std::string_view method, const std::string& rest, std::string_view body = {}) const {
        return house.orcd.ask(method, "/v2/sessions" + rest, body);
    }
    SessionView create(std::string_view body) const {
        const auto answer = ask("POST", "", body);
        EXPECT_EQ(answer.status, 201) << answer.body;
        return read(answer);
    }
    SessionView session(const std::string& id) const {
        const auto answer = ask("GET", "/" + id);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return read(answer);
    }
    std::vector<std::string> names(const std::string& query) const {
        const auto answer = ask("GET", query);
        EXPECT_EQ(answer.status, 200) << answer.body;
        std::vector<std::string> names;
        for (const auto& one : reflect::from_json_text<SessionPage>(answer.body).value_or(SessionPage{}).sessions) {
            names.push_back(one.id);
        }
        return names;
    }
    static SessionView read(const Answer& answer) {
        return reflect::from_json_text<SessionView>(answer.body).value_or(SessionView{});
    }
};

TEST_F(Sessions, OneIsOpenedAndToldWithEverythingAboutIt) {
    const auto answer = ask("POST", "", R"({"session_id":"night:1","token_budget":100,"context_mode":"stateless"})");

    EXPECT_EQ(answer.status, 201);
    EXPECT_THAT(answer.head, HasSubstr("Location: /v2/sessions/night%3A1\r\n"));
    const auto made = read(answer);
    EXPECT_EQ(made.id, "night:1");
    EXPECT_EQ(made.session_id, "night:1");
    EXPECT_EQ(made.status, SessionStatus::open);
    EXPECT_EQ(made.token_budget, Tokens(100));
    EXPECT_EQ(made.tokens_budget_remaining, Tokens(100));
    EXPECT_EQ(made.turns, 0U);
    EXPECT_GT(made.ttl_ms_remaining.value_or(0), 604'000'000U) << "seven days, nearly";
    EXPECT_THAT(answer.body, HasSubstr(R"("context_mode":"stateless")"));
    EXPECT_EQ(session("night:1").created_at, made.created_at);
}

TEST_F(Sessions, OneWithoutANameGetsOne) {
    const auto made = create("");

    EXPECT_THAT(made.id, SizeIs(36));
    EXPECT_EQ(made.token_budget, std::nullopt);
    EXPECT_EQ(made.tokens_budget_remaining, std::nullopt);
}

TEST_F(Sessions, OpeningOneAgainIsSafeUnlessTheBudgetDiffers) {
    create(R"({"session_id":"s","token_budget":100})");
    submit(task_of("s"));

    EXPECT_EQ(create(R"({"session_id":"s","token_budget":100})").turns, 1U);
    const auto other = ask("POST", "", R"({"session_id":"s","token_budget":200})");
    EXPECT_EQ(other.status, 409);
    EXPECT_THAT(other.body, HasSubstr("with another budget"));
}

TEST_F(Sessions, WhatIsNotValidIsPointedAt) {
    const auto answer = ask("POST", "", R"({"session_id":"a b","token_budget":0,"context_mode":"full"})");
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("/context_mode"));

    for (const std::string_view body : {R"({"session_id":"a b"})", R"({"session_id":""})", R"({"token_budget":0})",
                                        R"({"token_budget":1000000000001})", R"({"token_budget":-1})", "[]", "{"}) {
        EXPECT_EQ(ask("POST", "", body).status, 400) << body;
    }
    EXPECT_THAT(names(""), IsEmpty());
}

TEST_F(Sessions, ATaskOpensItsSessionWhichCountsWhatItSpent) {
    worker();
    const auto id = submit(task_of("s"));
    follow(id)->body();

    const auto used = session("s");

    EXPECT_EQ(used.turns, 1U);
    EXPECT_EQ(used.live, 0U);
    EXPECT_EQ(used.prompt_tokens, Tokens(3));
    EXPECT_EQ(used.completion_tokens, Tokens(3));
    EXPECT_EQ(used.total_tokens, Tokens(6));
    EXPECT_EQ(used.held_tokens, Tokens{});
    EXPECT_EQ(ids_in(list("?session=s")), std::vector{id});
}

TEST_F(Sessions, ATaskThatMightSpendTooMuchIsRefused) {
    worker_that_tells(1);
    create(R"({"session_id":"s","token_budget":10})");
    const auto running = submit(task_of("s", 8));

    const auto while_it_runs = send(task_of("s", 8));
    workers.front()->allow(100);
    follow(running)->body();
    const auto afterwards = send(task_of("s", 8));

    EXPECT_EQ(while_it_runs.status, 429);
    EXPECT_THAT(while_it_runs.body, HasSubstr(R"("code":"BUDGET_EXCEEDED")"));
    EXPECT_THAT(while_it_runs.body, HasSubstr("8 are held for tasks that have not ended"));
    EXPECT_THAT(while_it_runs.body, HasSubstr(R"("limit":"token_budget")"));
    EXPECT_THAT(while_it_runs.head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_EQ(afterwards.status, 429);
    EXPECT_THAT(afterwards.body, HasSubstr("a max_tokens of at most 4"));
    EXPECT_THAT(afterwards.head, Not(HasSubstr("Retry-After")));
    EXPECT_THAT(afterwards.body, Not(HasSubstr("policy_label"))) << "the queue has nothing to do with it";
    EXPECT_EQ(send(task_of("s", 4)).status, 202);
}

TEST_F(Sessions, OneThatIsClosedTakesNoMoreTasksAndItsOwnGoOn) {
    worker_that_tells(1);
    const auto running = submit(task_of("s"));

    EXPECT_EQ(ask("DELETE", "/s").status, 204);
    EXPECT_EQ(ask("DELETE", "/s").status, 204) << "to close it again is safe";

    const auto refused = send(task_of("s"));
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("session s is closed and takes no more tasks"));
    EXPECT_EQ(ask("POST", "", R"({"session_id":"s"})").status, 409);
    const auto closed = session("s");
    EXPECT_EQ(closed.status, SessionStatus::closed);
    EXPECT_EQ(closed.live, 1U);
    EXPECT_EQ(closed.closed_by, closed.owner);
    workers.front()->allow(100);
    follow(running)->body();
    EXPECT_EQ(look_at(running).status, TaskState::completed);
    EXPECT_EQ(session("s").total_tokens, Tokens(6));
}

TEST_F(Sessions, ClosingOneCanEndItsTasks) {
    const auto first = submit(task_of("s"));
    const auto second = submit(task_of("s"));
    const auto other = submit(task_of("t"));

    EXPECT_EQ(ask("DELETE", "/s?cancel=perhaps").status, 400);
    EXPECT_EQ(ask("DELETE", "/s?cancel=true").status, 204);

    EXPECT_EQ(look_at(first).status, TaskState::cancelled);
    EXPECT_EQ(look_at(second).status, TaskState::cancelled);
    EXPECT_EQ(look_at(other).status, TaskState::queued);
    EXPECT_EQ(session("s").live, 0U);
}

TEST_F(Sessions, ThatNobodyOpenedAreNotThere) {
    EXPECT_EQ(ask("GET", "/none").status, 404);
    EXPECT_EQ(ask("DELETE", "/none").status, 404);
}

TEST_F(Sessions, AreListedPageByPageTheNewestFirst) {
    for (const auto* name : {"a", "b", "c"}) {
        create(fmt::format(R"({{"session_id":"{}"}})", name));
    }
    ASSERT_EQ(ask("DELETE", "/b").status, 204);

    const auto first = reflect::from_json_text<SessionPage>(ask("GET", "?limit=2").body).value();

    ASSERT_THAT(first.sessions, SizeIs(2));
    ASSERT_TRUE(first.next);
    auto all = names("?limit=2&cursor=" + *first.next);
    for (const auto& one : first.sessions) {
        all.push_back(one.id);
    }
    EXPECT_THAT(all, testing::UnorderedElementsAre("a", "b", "c"));
    EXPECT_THAT(names("?status=closed"), ElementsAre("b"));
    EXPECT_THAT(names("?status=open"), testing::UnorderedElementsAre("a", "c"));
    EXPECT_THAT(names("?owner=nobody"), IsEmpty());
    EXPECT_THAT(ask("GET", "").body, HasSubstr("\"next\":null"));
    EXPECT_EQ(ask("GET", "?status=live").status, 400);
}

TEST_F(Sessions, OfAnotherTokenAreFoundByItsId) {
    const auto made = house.orcd.ask("POST", "/v2/tokens", R"({"name":"friend"})");
    const auto friendly = reflect::from_json_text<contracts::TokenCreated>(made.body).value();
    const auto answer = ask_once({.port = house.orcd.port(),
                                  .method = "POST",
                                  .target = "/v2/sessions",
                                  .token = friendly.token,
                                  .body = R"({"session_id":"theirs"})"});
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(read(answer).owner, friendly.id);

    const auto owner = "?owner=" + friendly.id.str();
    EXPECT_EQ(ask("GET", "/theirs").status, 404) << "of one's own there is none of that name";
    EXPECT_EQ(read(ask("GET", "/theirs" + owner)).owner, friendly.id);
    EXPECT_THAT(names(owner), ElementsAre("theirs"));
    EXPECT_EQ(ask("DELETE", "/theirs" + owner).status, 204);
    EXPECT_NE(read(ask("GET", "/theirs" + owner)).closed_by, friendly.id);
}

TEST_F(Sessions, AreThereAgainAfterTheEndOfTheProcess) {
    create(R"({"session_id":"s","token_budget":100})");
    submit(task_of("s"));
    ASSERT_EQ(ask("DELETE", "/s").status, 204);
    const auto before = session("s");
    house.orcd.kill();

    OrcdProcess second(house.folder.path(), {});
    ASSERT_TRUE(second.wait_until_ready());
    const auto after = read(second.ask("GET", "/v2/sessions/s"));

    EXPECT_EQ(after.status, SessionStatus::closed);
    EXPECT_EQ(after.held_tokens, before.held_tokens);
    EXPECT_EQ(after.turns, 1U);
    EXPECT_EQ(after.live, 1U);
    EXPECT_EQ(after.token_budget, Tokens(100));
    EXPECT_EQ(after.ttl_ms_remaining, std::nullopt) << "a task of it has not ended";
}

}  // namespace
}  // namespace rbees::orcd
