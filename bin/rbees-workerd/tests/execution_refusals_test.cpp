/// What the routes of executions refuse, and what nobody can do with them.

#include <gmock/gmock.h>

#include "executions_fixture.hpp"

namespace rbees::workerd {
namespace {

using testing::HasSubstr;

const std::string question = chat_body(40, false);

using ExecutionRefusalsTest = ExecutionsFixture;

TEST_F(ExecutionRefusalsTest, RefuseAnAnswerOfAnotherModel) {
    serve();
    const std::string from =
        R"(,"operation":"chat","from":{"prompt_ids":[1],"generated_ids":[],"seed":1,"max_tokens":4})";

    const auto other = order("job-1", 1, question, from + R"(,"model_hash":"abc")");
    const auto unsaid = order("job-1", 1, question, from);
    const auto without_from = order("job-1", 1, question, R"(,"operation":"chat","model_hash":"abc")");

    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(code_of(other), "CONFLICT");
    EXPECT_EQ(pointer_of(other), "/model_hash");
    EXPECT_THAT(other.body, HasSubstr("abc"));
    EXPECT_EQ(unsaid.status, 400);
    EXPECT_EQ(pointer_of(unsaid), "/model_hash");
    EXPECT_EQ(without_from.status, 409);
    EXPECT_EQ(order("job-1", 1, question).status, 202) << "a refused order leaves nothing behind";
}

TEST_F(ExecutionRefusalsTest, RefuseWhatTheEngineRefusesAndForgetTheOrder) {
    serve("sim:tiny?context=64");
    std::string words;
    for (int word = 0; word < 200; ++word)
        words += "word ";

    const auto too_long = order("job-1", 1, R"({"messages":[{"role":"user","content":")" + words + R"("}]})");
    const auto too_many = order("job-1", 1, R"({"messages":[{"role":"user","content":"x"}],"n":2})");
    const auto no_messages = order("job-1", 1, "{}");
    const auto bad_schema =
        order("job-1", 1, R"({"messages":[{"role":"user","content":"x"}],"response_format":{"type":"no"}})");

    EXPECT_EQ(too_long.status, 400);
    EXPECT_EQ(code_of(too_long), "CONTEXT_TOO_LONG");
    EXPECT_THAT(too_long.body, HasSubstr("64"));
    EXPECT_EQ(code_of(too_many), "INVALID_PARAMS");
    EXPECT_EQ(pointer_of(too_many), "/request/n");
    EXPECT_EQ(pointer_of(no_messages), "/request/messages");
    EXPECT_EQ(pointer_of(bad_schema), "/request/response_format");
    EXPECT_EQ(get(path("job-1", 1)).status, 404);
    EXPECT_EQ(order("job-1", 1, chat_body(3, false)).status, 202);
}

TEST_F(ExecutionRefusalsTest, RefuseBodiesThatAreNone) {
    serve();
    const std::vector<std::string> bodies{"",
                                          "{",
                                          "[]",
                                          R"({"job_id":"j"})",
                                          order_body("a b", 1, question),
                                          order_body("", 1, question),
                                          order_body("j", 1, "[]"),
                                          order_body("j", 1, question, R"(,"operation":"embedding")"),
                                          R"({"job_id":"j","attempt":-1,"operation":"chat","request":{}})",
                                          R"({"job_id":"j","attempt":4294967296,"operation":"chat","request":{}})",
                                          R"({"job_id":"j","attempt":"1","operation":"chat","request":{}})",
                                          R"({"job_id":7,"attempt":1,"operation":"chat","request":{}})",
                                          order_body("j", 1, question, R"(,"operation":"chat","from":{})"),
                                          order_body("j", 1, question, R"(,"operation":"chat","from":7)"),
                                          order_body("j", 1, "{\"prompt\":\"\xff\"}")};

    for (const auto& body : bodies) {
        const auto answer = post("/execute", body);
        EXPECT_EQ(answer.status, 400) << body.substr(0, 100);
        EXPECT_EQ(code_of(answer), "INVALID_PARAMS") << body.substr(0, 100);
    }

    EXPECT_EQ(metric("worker_tokens_in_total"), 0);
    EXPECT_EQ(executions_in("running"), 0);
}

TEST_F(ExecutionRefusalsTest, RefuseATicketOfAnOldEpoch) {
    serve();
    ASSERT_EQ(post("/v1/chat/completions", chat_body(1, false), {{"X-Rbees-Epoch", "7"}}).status, 200);

    const auto old = post("/execute", order_body("job-1", 1, question), {{"X-Rbees-Epoch", "6"}});
    const auto bad = post("/execute", order_body("job-1", 1, question), {{"X-Rbees-Epoch", "x"}});

    EXPECT_EQ(old.status, 409);
    EXPECT_EQ(pointer_of(old), "") << "nothing of the order is at fault";
    EXPECT_EQ(bad.status, 400);
}

TEST_F(ExecutionRefusalsTest, AreForChatModels) {
    serve("sim:embed-small");

    EXPECT_EQ(code_of(order("job-1", 1, question)), "MODEL_INCOMPATIBLE");
}

TEST_F(ExecutionRefusalsTest, WaitForTheModel) {
    start("sim:tiny?load_ms=1000");

    EXPECT_EQ(order("job-1", 1, question).status, 503);
    EXPECT_EQ(get(path("job-1", 1)).status, 503);
    EXPECT_EQ(acknowledge("job-1", 1, "{}").status, 503);
    EXPECT_EQ(cancel("job-1", 1).status, 503);
    pace->run_free();
    wait_until([&] { return get("/capabilities").status == 200; });
}

TEST_F(ExecutionRefusalsTest, AreNoMoreThanTheWorkerMayKeep) {
    serve_in_still_time("sim:tiny?slots=1");
    for (std::size_t number = 0; number < 1 + waiting_answers_max; ++number)
        ASSERT_EQ(order("job-" + std::to_string(number), 1, question).status, 202);

    const auto one_more = order("job-x", 1, question);

    EXPECT_EQ(one_more.status, 429);
    EXPECT_EQ(code_of(one_more), "QUEUE_FULL");
    EXPECT_EQ(at(one_more.body, "/limit"), "executions_max");
    EXPECT_EQ(executions_in("running"), 1.0 + waiting_answers_max);
    cancel("job-0", 1);
    EXPECT_EQ(order("job-x", 1, question).status, 202);
}

TEST_F(ExecutionRefusalsTest, CannotBeReadUnderPathsAndPlacesThatAreNone) {
    serve();
    order("job-1", 1, question);
    const auto heard = hear("job-1", 1);

    for (const auto* bad :
         {"/execute/job-1/x", "/execute/job-1/-1", "/execute/job-1/1.5", "/execute/job-1/4294967296",
          "/execute/job-1/99999999999999999999", "/execute/a%20b/1", "/execute/job-1/1?after=-1",
          "/execute/job-1/1?after=", "/execute/job-1/1?after=1e3", "/execute/job-1/1?after=40",
          "/execute/job-1/1?after=18446744073709551615", "/execute/job-1/1?after=18446744073709551616"}) {
        const auto answer = get(bad);
        EXPECT_EQ(answer.status, 400) << bad;
        EXPECT_EQ(code_of(answer), "INVALID_PARAMS") << bad;
    }
    EXPECT_EQ(get("/execute/job-2/1").status, 404);
    EXPECT_EQ(get("/execute/job-1/2").status, 404);
    EXPECT_EQ(code_of(get("/execute/job-1/2?after=18446744073709551615")), "NOT_FOUND");
    EXPECT_EQ(hear("job-1", 1, Heard{.tokens = 40}).text, "");
    EXPECT_EQ(hear("job-1", 1).text, heard.text);
}

TEST_F(ExecutionRefusalsTest, AcknowledgeOnlyWhatWasSaid) {
    serve();
    order("job-1", 1, question);
    hear("job-1", 1);

    for (const auto* bad :
         {"{", "[]", "7", R"({"through":-1})", R"({"through":"1"})", R"({"through":1.5})", R"({"through":40})",
          R"({"through":18446744073709551615})", R"({"through":18446744073709551616})", R"({"done":1})"}) {
        const auto answer = acknowledge("job-1", 1, bad);
        EXPECT_EQ(answer.status, 400) << bad;
        EXPECT_EQ(code_of(answer), "INVALID_PARAMS") << bad;
    }
    EXPECT_EQ(post("/execute/job-1/x/ack", "{}").status, 400);
    EXPECT_EQ(acknowledge("job-2", 1, "{}").status, 404);
    const auto taken = acknowledge("job-1", 1, R"({"through":39})");
    EXPECT_EQ(taken.status, 200);
    EXPECT_EQ(at(taken.body, "/lease_ms"), 60000);
    EXPECT_EQ(acknowledge("job-1", 1, "").status, 200) << "which renews the lease";
}

TEST_F(ExecutionRefusalsTest, AreNotDoneBeforeTheirEnd) {
    serve_in_still_time("sim:tiny?slots=1");
    order("job-1", 1, question);

    const auto done = acknowledge("job-1", 1, R"({"done":true})");

    EXPECT_EQ(done.status, 409);
    EXPECT_EQ(code_of(done), "CONFLICT");
    EXPECT_EQ(executions_in("running"), 1);
}

}  // namespace
}  // namespace rbees::workerd
