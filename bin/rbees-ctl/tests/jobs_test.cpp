/// `rbees jobs` against a rbees-orcd that says what the test wants.

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "orcd_test.hpp"
#include "rbees/contracts/task_views.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::ctl {
namespace {

using contracts::TaskState;
using contracts::TaskView;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

net::Response event_stream(std::string body) {
    return {200, {{"Content-Type", "text/event-stream"}}, std::move(body)};
}

std::string event(int id, const std::string& name, const std::string& data) {
    return "event: " + name + "\nid: " + std::to_string(id) + "\ndata: " + data + "\n\n";
}

class JobsTest : public OrcdTest {
  protected:
    JobsTest() {
        orcd.on("POST /v2/tasks", 202,
                R"({"job_id":"j1","status":"queued","queue_position":0,"events_url":"/v2/tasks/j1/events"})");
    }

    static TaskView task(TaskState status, const std::string& id = "j1") {
        TaskView view;
        view.id = view.job_id = JobId(id);
        view.model = ModelId("m");
        view.status = status;
        view.events = 2;
        if (status == TaskState::completed) view.output = "Hello";
        if (status == TaskState::failed) {
            view.error = contracts::TaskError{contracts::ErrorCode::CONTEXT_TOO_LONG, "too long", false};
        }
        return view;
    }

    void is(TaskState status) { orcd.on("GET /v2/tasks/j1", 200, reflect::to_json_text(task(status))); }

    /// The task runs when it is looked at first, and has ended later.
    void runs_then(TaskState end) {
        orcd.on("GET /v2/tasks/j1", [this, end](const net::Request&) {
            const auto now = std::exchange(was_looked_at, true) ? end : TaskState::running;
            return net::Response{200, {}, reflect::to_json_text(task(now))};
        });
    }

    /// Gives out these streams one after the other; the last one again and again.
    void streams(std::vector<std::string> bodies) {
        orcd.on("GET /v2/tasks/j1/events", [this, bodies = std::move(bodies)](const net::Request&) {
            const auto index = std::min(streams_given++, bodies.size() - 1);
            return event_stream(bodies[index]);
        });
    }

    /// Last-Event-ID of each request for a stream.
    [[nodiscard]] std::vector<std::string> resumptions() const {
        std::vector<std::string> ids;
        for (const auto& request : orcd.requests()) {
            if (!request.path.ends_with("/events")) continue;
            ids.emplace_back(request.headers.find("Last-Event-ID").value_or(""));
        }
        return ids;
    }

    [[nodiscard]] std::filesystem::path file(const std::string& name, const std::string& content) const {
        std::ofstream(folder / name) << content;
        return folder / name;
    }

    bool was_looked_at = false;
    std::size_t streams_given = 0;
};

TEST_F(JobsTest, SubmitSendsWhatTheLineSaysAndPrintsTheId) {
    const auto ran = run({"jobs",          "submit", "--model",   "m", "--max-tokens",      "9",
                          "--priority",    "batch",  "--session", "s", "--deadline",        "30s",
                          "--temperature", "0.5",    "--seed",    "0", "--idempotency-key", "k",
                          "Why",           "so?"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "j1\n");
    EXPECT_THAT(ran.err, HasSubstr("rbees jobs wait j1"));
    const auto sent = orcd.requests().front();
    EXPECT_EQ(sent.headers.find("Idempotency-Key"), "k");
    const auto body = reflect::parse_json(sent.body).value();
    EXPECT_EQ(body, (reflect::json::value{{"prompt", "Why so?"},
                                          {"max_tokens", 9},
                                          {"model", "m"},
                                          {"priority", "batch"},
                                          {"session_id", "s"},
                                          {"temperature", 0.5},
                                          {"seed", 0},
                                          {"deadline_ms", 30'000}}));
}

TEST_F(JobsTest, SubmitMakesAKeyOfItsOwnEachTime) {
    ASSERT_EQ(run({"jobs", "submit", "x"}).exit, 0);
    ASSERT_EQ(run({"jobs", "submit", "x"}).exit, 0);

    const auto sent = orcd.requests();
    EXPECT_THAT(std::string(sent.at(0).headers.find("Idempotency-Key").value_or("")), SizeIs(36));
    EXPECT_NE(sent.at(0).headers.find("Idempotency-Key"), sent.at(1).headers.find("Idempotency-Key"));
}

TEST_F(JobsTest, SubmitTakesABodyFromAFileAndOptionsInItsPlace) {
    const auto body = file("task.json", R"({"messages":[{"role":"user","content":"x"}],"max_tokens":5})");

    ASSERT_EQ(run({"jobs", "submit", "--file", body.native(), "--max-tokens", "7"}).exit, 0);
    ASSERT_EQ(run({"jobs", "submit", "--file", "-"}, R"({"prompt":"y","max_tokens":1})").exit, 0);

    EXPECT_EQ(orcd.requests().at(0).body, R"({"messages":[{"role":"user","content":"x"}],"max_tokens":7})");
    EXPECT_EQ(orcd.requests().at(1).body, R"({"prompt":"y","max_tokens":1})");
}

TEST_F(JobsTest, SubmitTakesASchemaForTheAnswer) {
    const auto schema = file("person.json", R"({"type":"object"})");

    ASSERT_EQ(run({"jobs", "submit", "--json-schema", schema.native(), "x"}).exit, 0);

    EXPECT_THAT(orcd.requests().at(0).body,
                HasSubstr(R"("response_format":{"type":"json_schema","json_schema":{"name":"person","strict":true,)"
                          R"("schema":{"type":"object"}}})"));
}

TEST_F(JobsTest, SubmitWithoutAPromptOrWithABadFileSendsNothing) {
    const auto no_json = file("bad.json", "{");

    for (const std::vector<std::string>& rest : {std::vector<std::string>{},
                                                 {" "},
                                                 {"x", "--file", "y"},
                                                 {"--file", "/no/such/file"},
                                                 {"--file", no_json.native()},
                                                 {"--priority", "soon", "x"},
                                                 {"--seed", "-1", "x"},
                                                 {"--deadline", "5", "x"}}) {
        std::vector<std::string> words{"jobs", "submit"};
        words.insert(words.end(), rest.begin(), rest.end());

        EXPECT_EQ(run(words).exit, 2) << testing::PrintToString(words);
    }
    EXPECT_THAT(orcd.requests(), SizeIs(0));
}

TEST_F(JobsTest, SubmitAndWaitPrintsTheAnswerAlone) {
    is(TaskState::completed);

    const auto ran = run({"jobs", "submit", "--wait", "x"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "Hello\n");
    EXPECT_THAT(ran.err, HasSubstr("task j1 is accepted"));
}

TEST_F(JobsTest, ListFiltersAndGoesThroughThePages) {
    orcd.on("GET /v2/tasks", [](const net::Request& request) {
        contracts::TaskPage page;
        const bool is_second = request.query_value("cursor") == "a+b";
        page.tasks.push_back(task(TaskState::queued, is_second ? "old" : "new"));
        page.tasks.back().queue_position = 3;
        if (!is_second) page.next = "a+b";
        return net::Response{200, {}, reflect::to_json_text(page)};
    });

    const auto one = run({"jobs", "list", "--limit", "1", "--status", "live", "--model", "m", "--session", "s&t"});
    const auto all = run({"jobs", "list", "--all", "--json"});

    EXPECT_THAT(one.out, testing::ContainsRegex("new +queued, 3 before +m +interactive +0 +0"));
    EXPECT_THAT(one.err, HasSubstr("rbees jobs list --all"));
    EXPECT_EQ(orcd.requests().front().target, "/v2/tasks?limit=1&status=live&model=m&session=s%26t");
    EXPECT_THAT(all.out, AllOf(testing::StartsWith(R"([{"id":"new")"), HasSubstr(R"({"id":"old")")));
}

TEST_F(JobsTest, ListSinceIsATimeForTheServer) {
    orcd.on("GET /v2/tasks", 200, R"({"tasks":[],"next":null})");

    const auto ran = run({"jobs", "list", "--since", "24h"});

    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(orcd.requests().front().target, testing::ContainsRegex("since=20[0-9]{2}-[0-9-]+T[0-9%A.]+Z"));
}

TEST_F(JobsTest, StatusShowsOneAndAnUnknownOneIsExitCodeThree) {
    is(TaskState::completed);

    EXPECT_THAT(run({"jobs", "status", "j1"}).out, AllOf(HasSubstr("status "), HasSubstr("Hello")));
    EXPECT_THAT(run({"jobs", "status", "j1", "--json"}).out, testing::StartsWith(R"({"id":"j1","job_id":"j1")"));
    for (const auto* verb : {"status", "events", "cancel", "wait", "explain"}) {
        EXPECT_EQ(run({"jobs", verb, "none"}).exit, 3) << verb;
    }
}

TEST_F(JobsTest, EventsAreShownInOrderWithTheirNumbers) {
    streams({"retry: 1000\n\n" + event(1, "queued", "{}") +
             ": ping\n\nevent: metrics\ndata: {\"queue_position\":1}\n\n" + event(2, "token", R"({"t":"a"})") +
             event(3, "end", "{}")});

    const auto ran = run({"jobs", "events", "j1"});
    const auto json = run({"jobs", "events", "j1", "--json"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "   1  queued   {}\n   2  token    {\"t\":\"a\"}\n   3  end      {}\n");
    EXPECT_EQ(json.out,
              "{\"id\":1,\"event\":\"queued\",\"data\":{}}\n{\"id\":2,\"event\":\"token\",\"data\":{\"t\":\"a\"}}\n"
              "{\"id\":3,\"event\":\"end\",\"data\":{}}\n");
}

TEST_F(JobsTest, EventsGoOnBehindTheLastOneWhenTheStreamBreaksOff) {
    streams({event(1, "queued", "{}") + event(2, "token", "{}"), event(2, "token", "{}") + event(3, "token", "{}"),
             event(4, "error", "{}")});

    const auto ran = run({"jobs", "events", "j1"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "   1  queued   {}\n   2  token    {}\n   3  token    {}\n   4  error    {}\n");
    EXPECT_THAT(resumptions(), ElementsAre("", "2", "3"));
    EXPECT_THAT(ran.err, HasSubstr("the connection to rbees-orcd was lost"));
}

TEST_F(JobsTest, EventsEndAtTheirTimeAndSayHowToComeBack) {
    streams({"event: started\nid: 2\ndata: {}\n\n", "retry: 1000\n\n"});

    const auto ran = run({"jobs", "events", "j1", "--timeout", "300ms"});

    EXPECT_EQ(ran.exit, 8);
    EXPECT_THAT(ran.err, HasSubstr("task j1 goes on; come back to it with: rbees jobs events j1 --after 2"));
}

TEST_F(JobsTest, EventsEndWhereNothingIsLeft) {
    orcd.on("GET /v2/tasks/j1/events", 204, "");

    const auto ran = run({"jobs", "events", "j1", "--after", "7"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(resumptions(), ElementsAre("7"));
}

TEST_F(JobsTest, EventsThatAreGoneAreAnError) {
    orcd.on("GET /v2/tasks/j1/events", 410, R"({"title":"t","detail":"the text was erased","code":"GONE"})");

    const auto ran = run({"jobs", "events", "j1"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("the text was erased"));
}

TEST_F(JobsTest, WaitFollowsFromWhereTheTaskIsAndPrintsItsText) {
    runs_then(TaskState::completed);
    streams(
        {"event: metrics\ndata: {\"tokens\":5,\"tokens_per_second\":2.5,\"attempt\":1}\n\n" + event(3, "end", "{}")});

    const auto ran = run({"jobs", "wait", "j1"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "Hello\n");
    EXPECT_THAT(ran.err, HasSubstr("running, 5 tokens, 2.5 tokens/s"));
    EXPECT_THAT(resumptions(), ElementsAre("2"));
}

TEST_F(JobsTest, WaitSaysByItsExitCodeHowTheTaskEnded) {
    is(TaskState::failed);
    const auto failed = run({"jobs", "wait", "j1"});
    is(TaskState::cancelled);
    const auto cancelled = run({"jobs", "wait", "j1"});

    EXPECT_EQ(failed.exit, 5);
    EXPECT_EQ(failed.out, "");
    EXPECT_EQ(failed.err, "error: task j1 ended as failed: too long\nhint: rbees jobs explain j1\n");
    EXPECT_EQ(cancelled.exit, 5);
}

TEST_F(JobsTest, WaitForTextThatIsGoneSaysSo) {
    auto erased = task(TaskState::completed);
    erased.output.reset();
    erased.erased = true;
    orcd.on("GET /v2/tasks/j1", 200, reflect::to_json_text(erased));

    const auto ran = run({"jobs", "wait", "j1"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("tasks.retain"));
}

TEST_F(JobsTest, WaitEndsAtItsTimeAndSaysHowToComeBack) {
    is(TaskState::running);
    streams({"retry: 1000\n\n"});

    const auto ran = run({"jobs", "wait", "j1", "--timeout", "300ms"});

    EXPECT_EQ(ran.exit, 8);
    EXPECT_THAT(ran.err, HasSubstr("task j1 goes on; come back to it with: rbees jobs wait j1"));
}

TEST_F(JobsTest, CancelSaysWhatBecameOfTheTask) {
    orcd.on("POST /v2/tasks/j1/cancel", 200, R"({"job_id":"j1","status":"cancelled"})");
    orcd.on("POST /v2/tasks/j2/cancel", 200, R"({"job_id":"j2","status":"completed"})");

    EXPECT_EQ(run({"jobs", "cancel", "j1"}).out, "task j1 is cancelled\n");
    EXPECT_EQ(run({"jobs", "cancel", "j2"}).out, "task j2 had ended: completed\n");
    EXPECT_EQ(run({"jobs", "cancel", "j1", "--json"}).out, "{\"job_id\":\"j1\",\"status\":\"cancelled\"}\n");
}

TEST_F(JobsTest, ExplainShowsSentencesThenMembers) {
    contracts::TaskExplanation told;
    told.id = JobId("j1");
    told.summary = "It waits.";
    told.next = "It gets a slot.";
    told.failures_max = 5;
    orcd.on("GET /v2/tasks/j1/explain", 200, reflect::to_json_text(told));

    const auto ran = run({"jobs", "explain", "j1"});

    EXPECT_THAT(ran.out, testing::ContainsRegex("^It waits.\nIt gets a slot.\n\nid +j1\nstatus +queued\nwaited_ms "));
    EXPECT_THAT(ran.out, AllOf(testing::ContainsRegex("failures_max +5"), Not(HasSubstr("summary"))));
}

}  // namespace
}  // namespace rbees::ctl
