/// `rbees sessions` against a rbees-orcd that says what the test wants.

#include <gmock/gmock.h>

#include "orcd_test.hpp"
#include "rbees/contracts/sessions.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::ctl {
namespace {

using contracts::SessionStatus;
using contracts::SessionView;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class SessionsTest : public OrcdTest {
  protected:
    SessionsTest() {
        orcd.on("POST /v2/sessions", [](const net::Request& request) {
            const auto wish = reflect::from_json_text<contracts::CreateSession>(request.body).value();
            auto made = session(wish.session_id.value_or(""));
            made.token_budget = wish.token_budget;
            return net::Response{201, {}, reflect::to_json_text(made)};
        });
    }

    static SessionView session(const std::string& id) {
        SessionView view;
        view.id = view.session_id = id;
        view.owner = TokenId("t1");
        view.turns = 5;
        view.total_tokens = Tokens(70);
        return view;
    }
    void is(const SessionView& view) { orcd.on("GET /v2/sessions/" + view.id, 200, reflect::to_json_text(view)); }

    [[nodiscard]] std::string targets() const {
        std::string targets;
        for (const auto& request : orcd.requests()) {
            targets += request.method + " " + request.path;
            for (const auto& [name, value] : request.query) {
                targets += " " + name + "=" + value;
            }
            targets += "\n";
        }
        return targets;
    }
};

TEST_F(SessionsTest, CreateSendsWhatTheLineSaysAndPrintsTheId) {
    const auto ran = run({"sessions", "create", "nightly", "--budget", "1000"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "nightly\n");
    EXPECT_THAT(ran.err, HasSubstr("rbees jobs submit --session nightly"));
    EXPECT_EQ(orcd.requests().front().body, R"({"session_id":"nightly","token_budget":1000})");
}

TEST_F(SessionsTest, CreateMakesAnIdWhereNoneIsGiven) {
    const auto ran = run({"sessions", "create"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, SizeIs(37));
}

TEST_F(SessionsTest, CreateSaysWhyItIsRefused) {
    orcd.on("POST /v2/sessions", 409,
            R"({"title":"t","detail":"session s was closed","code":"CONFLICT","hint":"choose another session_id"})");

    const auto ran = run({"sessions", "create", "s"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "error: session s was closed\nhint: choose another session_id\n");
    EXPECT_EQ(run({"sessions", "create", "s", "--budget", "0"}).exit, 2);
}

TEST_F(SessionsTest, ListShowsWhatWasSpentAndWhatIsLeft) {
    contracts::SessionPage page;
    page.sessions.push_back(session("free"));
    page.sessions.push_back(session("tight"));
    page.sessions.back().live = 2;
    page.sessions.back().token_budget = Tokens(100);
    page.sessions.back().tokens_budget_remaining = Tokens(20);
    page.sessions.push_back(session("done"));
    page.sessions.back().status = SessionStatus::closed;
    orcd.on("GET /v2/sessions", 200, reflect::to_json_text(page));

    const auto ran = run({"sessions", "list", "--open", "--owner", "t1", "--limit", "3"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(testing::ContainsRegex("ID +STATUS +TASKS +TOKENS +BUDGET +LEFT +USED"),
                               testing::ContainsRegex("free +open +5 +70 +- +- "),
                               testing::ContainsRegex("tight +open +5, 2 live +70 +100 +20 "),
                               testing::ContainsRegex("done +closed ")));
    EXPECT_THAT(targets(), AllOf(HasSubstr("limit=3"), HasSubstr("owner=t1"), HasSubstr("status=open")));
    EXPECT_THAT(run({"sessions", "list", "--json"}).out, testing::StartsWith("[{\"id\":\"free\""));
}

TEST_F(SessionsTest, ListWithoutAnySaysHowToOpenOne) {
    orcd.on("GET /v2/sessions", 200, R"({"sessions":[],"next":null})");

    const auto ran = run({"sessions", "list"});

    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("rbees sessions create"));
    EXPECT_EQ(run({"sessions", "list", "--json"}).out, "[]\n");
}

TEST_F(SessionsTest, GetShowsOneAndAnUnknownOneIsExitCodeThree) {
    is(session("s"));

    const auto ran = run({"sessions", "get", "s"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(testing::ContainsRegex("status +open"), testing::ContainsRegex("turns +5")));
    EXPECT_EQ(run({"sessions", "get", "none"}).exit, 3);
}

TEST_F(SessionsTest, DeleteSaysWhatBecomesOfItsTasks) {
    orcd.on("DELETE /v2/sessions/s", 204, "");
    auto closed = session("s");
    closed.status = SessionStatus::closed;
    closed.live = 2;
    is(closed);
    const auto going_on = run({"sessions", "delete", "s"});
    closed.live = 0;
    is(closed);
    const auto ended = run({"sessions", "delete", "s", "--cancel", "--owner", "t1"});

    EXPECT_EQ(going_on.exit, 0) << going_on.err;
    EXPECT_EQ(going_on.out, "session s is closed; 2 tasks of it go on: rbees jobs list --session s --status live\n");
    EXPECT_EQ(ended.out, "session s is closed\n");
    EXPECT_THAT(targets(),
                AllOf(HasSubstr("DELETE /v2/sessions/s\n"), HasSubstr("DELETE /v2/sessions/s owner=t1 cancel=true\n"),
                      HasSubstr("GET /v2/sessions/s owner=t1\n")));
    EXPECT_THAT(run({"sessions", "delete", "s", "--json"}).out, HasSubstr("\"status\":\"closed\""));
    EXPECT_EQ(run({"sessions", "delete", "none"}).exit, 3);
}

}  // namespace
}  // namespace rbees::ctl
