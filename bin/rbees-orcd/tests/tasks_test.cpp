/// Durable tasks through a real rbees-orcd: submitted, repeated, cancelled, listed, explained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task_house.hpp"

namespace rbees::orcd {
namespace {

using contracts::TaskAccepted;
using contracts::TaskState;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Tasks, OneIsAcceptedRunsAndIsReadableWithItsResult) {
    worker();

    const auto answer = send(hello);

    EXPECT_EQ(answer.status, 202);
    const auto accepted = reflect::from_json_text<TaskAccepted>(answer.body).value();
    EXPECT_THAT(answer.head, HasSubstr("Location: /v2/tasks/" + accepted.job_id.str() + "\r\n"));
    EXPECT_EQ(accepted.events_url, "/v2/tasks/" + accepted.job_id.str() + "/events");
    const auto events = events_of(follow(accepted.job_id.str())->body());
    EXPECT_EQ(events.front().event, "queued");
    EXPECT_EQ(events.at(1).event, "started");
    EXPECT_EQ(events.back().event, "end");
    EXPECT_EQ(text_of(events), "Hello!");
    const auto task = look_at(accepted.job_id.str());
    EXPECT_EQ(task.status, TaskState::completed);
    EXPECT_EQ(task.output, "Hello!");
    EXPECT_EQ(task.stop_reason, "stop");
    EXPECT_EQ(task.usage->completion_tokens, Tokens(3));
    EXPECT_EQ(task.tokens, Tokens(3));
}

TEST_F(Tasks, ACancelledOneEndsItsStreamAndItsWork) {
    auto& teller = worker();
    teller.allow(1);
    const auto id = submit();
    const auto stream = follow(id);
    ASSERT_TRUE(stream->wait_for("\"t\":\"Hel\""));

    const auto cancelled = house.orcd.ask("POST", "/v2/tasks/" + id + "/cancel");

    EXPECT_EQ(cancelled.status, 200);
    EXPECT_EQ(cancelled.body, R"({"job_id":")" + id + R"(","status":"cancelled"})");
    EXPECT_TRUE(stream->wait_for("\"code\":\"CANCELLED\""));
    EXPECT_EQ(house.orcd.ask("POST", "/v2/tasks/" + id + "/cancel").body, cancelled.body);
    EXPECT_TRUE(teller.wait_until([&](const TaskWorkerLog& log) { return !log.cancelled.empty(); }));
    EXPECT_EQ(look_at(id).output, "Hel");
}

TEST_F(Tasks, OneThatIsDoneStaysDoneWhenItIsCancelled) {
    worker();
    const auto id = submit();
    follow(id)->body();

    const auto answer = house.orcd.ask("POST", "/v2/tasks/" + id + "/cancel");

    EXPECT_EQ(answer.body, R"({"job_id":")" + id + R"(","status":"completed"})");
}

TEST_F(Tasks, ThatAreBatchAreCountedInALineOfTheirOwn) {
    auto& teller = worker({"Hel", "lo", "!"}, 1);
    teller.allow(1);
    const auto first = follow(submit());
    ASSERT_TRUE(first->wait_for("\"t\":\"Hel\""));

    const auto second = send(R"({"model":"smollm2","prompt":"later","max_tokens":8,"priority":"batch"})");

    EXPECT_EQ(second.status, 202);
    EXPECT_TRUE(house.orcd.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"batch\"} 1"));
    EXPECT_THAT(house.orcd.ask("GET", "/metrics").body, HasSubstr("orchd_queue_depth{priority=\"interactive\"} 0"));
}

TEST_F(Tasks, ThatNobodySubmittedAreNotThere) {
    for (const auto* what : {"", "/events", "/explain"}) {
        EXPECT_EQ(house.orcd.ask("GET", std::string("/v2/tasks/none") + what).status, 404) << what;
    }
    EXPECT_EQ(house.orcd.ask("POST", "/v2/tasks/none/cancel").status, 404);
}

TEST_F(Tasks, UnderOneKeyAreOneTask) {
    constexpr std::string_view key = "Idempotency-Key: nightly";
    const auto first = send(hello, key);

    const auto again = send(R"({"max_tokens":8, "prompt":"hello", "model":"smollm2"})", key);
    const auto other = send(R"({"model":"smollm2","prompt":"bye","max_tokens":8})", key);

    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, first.body);
    EXPECT_THAT(again.head, HasSubstr("Location: /v2/tasks/"));
    EXPECT_EQ(other.status, 422);
    EXPECT_THAT(other.body, HasSubstr("IDEMPOTENCY_MISMATCH"));
    EXPECT_THAT(list("").tasks, SizeIs(1));
}

TEST_F(Tasks, FiftyAtOnceUnderOneKeyAreOneTask) {
    const auto admin = house.orcd.token("admin");
    std::vector<std::unique_ptr<Conversation>> conversations;
    for (int count = 0; count < 50; ++count) {
        conversations.push_back(std::make_unique<Conversation>(Asking{.port = house.orcd.port(),
                                                                      .method = "POST",
                                                                      .target = "/v2/tasks",
                                                                      .token = admin,
                                                                      .body = hello,
                                                                      .header = "Idempotency-Key: k"}));
    }

    std::vector<std::string> answers;
    for (const auto& conversation : conversations) {
        EXPECT_EQ(conversation->status(), 202);
        answers.push_back(conversation->body());
    }

    EXPECT_THAT(answers, Each(answers.front()));
    EXPECT_THAT(list("").tasks, SizeIs(1));
}

TEST_F(Tasks, AKeyOutlivesTheEndOfTheProcess) {
    worker();
    const auto first = send(hello, "Idempotency-Key: k");
    follow(reflect::from_json_text<TaskAccepted>(first.body).value().job_id.str())->body();
    house.orcd.kill();

    OrcdProcess second(house.folder.path(), {});
    ASSERT_TRUE(second.wait_until_ready());
    const auto admin = second.token("admin");
    const auto again = ask_once({.port = second.port(),
                                 .method = "POST",
                                 .target = "/v2/tasks",
                                 .token = admin,
                                 .body = hello,
                                 .header = "Idempotency-Key: k"});

    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, first.body);
}

TEST_F(Tasks, ThatAreNotValidAreRefusedWithEveryFault) {
    const auto answer = send(
        R"({"prompt":"x","messages":[],"max_tokens":0,"priority":"soon","temperature":9,"top_p":3,"session_id":"!!",)"
        R"("seed":"a","deadline_ms":-1,"stop":5,"tools":3,"response_format":7,"n":3})");
    EXPECT_EQ(answer.status, 400);
    for (const auto* pointer : {"", "/messages", "/max_tokens", "/priority", "/temperature", "/top_p", "/session_id",
                                "/seed", "/deadline_ms", "/stop", "/tools", "/response_format", "/n"}) {
        EXPECT_THAT(answer.body, HasSubstr(R"({"pointer":")" + std::string(pointer) + '"'));
    }

    for (const std::string_view body : {"", "{", "[]", "\"x\"", "{}", R"({"prompt":"x"})", R"({"max_tokens":5})",
                                        R"({"prompt":"x","prompt":"y","max_tokens":5})", "\xff"}) {
        const auto refused = send(body);

        EXPECT_EQ(refused.status, 400) << body;
        EXPECT_THAT(refused.body, HasSubstr("INVALID_PARAMS")) << body;
    }
    EXPECT_EQ(send(hello, "Idempotency-Key: a b").status, 400);
    EXPECT_EQ(send(R"({"model":"none","prompt":"x","max_tokens":5})").status, 404);
    EXPECT_THAT(list("").tasks, IsEmpty());
}

TEST_F(Tasks, AreListedPageByPageTheNewestFirst) {
    std::vector<std::string> ids;
    for (int count = 0; count < 5; ++count) {
        ids.insert(ids.begin(), submit(R"({"model":"smollm2","prompt":"x","max_tokens":1,"session_id":"s)" +
                                       std::to_string(count % 2) + "\"}"));
    }

    const auto first = list("?limit=3");
    ASSERT_TRUE(first.next);
    const auto second = list("?limit=3&cursor=" + *first.next);

    EXPECT_EQ(ids_in(first), std::vector(ids.begin(), ids.begin() + 3));
    EXPECT_EQ(ids_in(second), std::vector(ids.begin() + 3, ids.end()));
    EXPECT_EQ(second.next, std::nullopt);
    EXPECT_THAT(ids_in(list("?session=s1")), ElementsAre(ids[1], ids[3]));
    EXPECT_THAT(list("?model=other").tasks, IsEmpty());
    EXPECT_THAT(list("?status=completed").tasks, IsEmpty());
    EXPECT_THAT(house.orcd.ask("GET", "/v2/tasks").body, HasSubstr("\"next\":null"));
    EXPECT_EQ(house.orcd.ask("GET", "/v2/tasks?limit=0&status=x").status, 400);
}

TEST_F(Tasks, AreExplainedInWords) {
    const auto id = submit();
    EXPECT_THAT(house.orcd.ask("GET", "/v2/tasks/" + id + "/explain").body,
                HasSubstr("\"waits_for\":\"a worker with smollm2\""));

    worker_that_tells(1);
    ASSERT_TRUE(follow(id)->wait_for("event: token"));
    const auto answer = house.orcd.ask("GET", "/v2/tasks/" + id + "/explain");

    EXPECT_THAT(answer.body, HasSubstr("Worker one works on it (attempt 1); 1 token is stored."));
    EXPECT_THAT(answer.body, HasSubstr(R"("route":{"worker_id":"one","reason":")"));
}

class TasksOfAFullQueue : public Tasks {
  protected:
    TasksOfAFullQueue() : Tasks({{"RBEES_QUEUE_CAPACITY", "1"}}) {}
};

TEST_F(TasksOfAFullQueue, OneMoreIsRefusedWithTheTimeToComeBack) {
    submit();

    const auto refused = send(hello);

    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(refused.head, HasSubstr("X-Backoff-Ms: 1000\r\n"));
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"ADMISSION_REJECT")"));
    EXPECT_THAT(refused.body, HasSubstr(R"("message":"1 requests and tasks wait already")"));
    EXPECT_THAT(refused.body, HasSubstr(R"("engine":"llamacpp")"));
    EXPECT_THAT(refused.body, HasSubstr(R"("policy_label":"reject")"));
    EXPECT_THAT(send(R"({"model":"sim:x","prompt":"x","max_tokens":1})").body, HasSubstr(R"("engine":"simulated")"));
    EXPECT_THAT(refused.body, HasSubstr(R"("limit":"queue.capacity")"));
}

}  // namespace
}  // namespace rbees::orcd
