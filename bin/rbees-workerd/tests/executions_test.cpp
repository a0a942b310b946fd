/// The routes of executions, what they answer and what they refuse.

#include <gmock/gmock.h>

#include "executions_fixture.hpp"
#include "rbees/reflect/write.hpp"
#include "scripted_engine.hpp"

namespace rbees::workerd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string question = chat_body(40, false);

using ExecutionsTest = ExecutionsFixture;

TEST_F(ExecutionsTest, SayTheSameAsAChatAndCountItsTokens) {
    serve();

    const auto accepted = order("job-1", 1, question);
    const auto heard = hear("job-1", 1);

    EXPECT_EQ(accepted.status, 202);
    EXPECT_EQ(at(accepted.body, "/job_id"), "job-1");
    EXPECT_EQ(at(accepted.body, "/attempt"), 1);
    EXPECT_EQ(accepted.headers.find("X-Rbees-Worker"), "w-1");
    ASSERT_TRUE(heard.start && heard.end);
    EXPECT_FALSE(heard.start->prompt_ids.empty());
    EXPECT_THAT(heard.start->model_hash, StartsWith("sim:"));
    EXPECT_TRUE(heard.start->continuable);
    EXPECT_EQ(heard.ids.size(), 40U);
    EXPECT_EQ(heard.text, undisturbed(question));
    EXPECT_EQ(heard.end->stop_reason, "length");
    EXPECT_EQ(heard.end->usage.completion_tokens, Tokens(40));
    EXPECT_EQ(heard.end->usage.prompt_tokens, Tokens(heard.start->prompt_ids.size()));
    EXPECT_EQ(heard.end->usage.total_tokens, Tokens(40 + heard.start->prompt_ids.size()));
    ASSERT_TRUE(heard.end->message);
    EXPECT_EQ(heard.end->message->at("content").as_string(), heard.text);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"completed\"}"), 1);
}

TEST_F(ExecutionsTest, StreamIsOneOfEventsAndSaysWhoServesIt) {
    serve();
    order("job-1", 1, question);

    const auto connection = attach("job-1", 1);

    EXPECT_EQ(connection.stream->headers().find("Content-Type"), "text/event-stream");
    EXPECT_EQ(connection.stream->headers().find("X-Rbees-Worker"), "w-1");
}

TEST_F(ExecutionsTest, CompleteATextWithoutAMessage) {
    serve();

    order("job-1", 1, R"({"prompt":"one two","max_tokens":5})", R"(,"operation":"completion")");
    const auto heard = hear("job-1", 1);

    EXPECT_EQ(heard.ids.size(), 5U);
    ASSERT_TRUE(heard.end);
    EXPECT_FALSE(heard.end->message);
}

TEST_F(ExecutionsTest, CarryAToolCallAsADeltaAndInTheMessage) {
    serve();

    order("job-1", 1,
          R"({"messages":[{"role":"user","content":"x"}],"tool_choice":"required","tools":[{"type":"function",)"
          R"("function":{"name":"look","parameters":{"type":"object"}}}]})");
    auto connection = attach("job-1", 1);
    ASSERT_EQ(next(connection)->event, "start");
    const auto token = read_event<contracts::ExecutionToken>(*next(connection));
    const auto heard = hear("job-1", 1);

    EXPECT_EQ(token.t, "");
    ASSERT_TRUE(token.delta);
    EXPECT_EQ(token.delta->at("tool_calls").at(0).at("function").at("name"), "look");
    ASSERT_TRUE(heard.end && heard.end->message);
    EXPECT_EQ(heard.end->stop_reason, "tool_calls");
    EXPECT_EQ(heard.end->message->at("tool_calls").at(0).at("function").at("arguments"), "{}");
}

TEST_F(ExecutionsTest, TheSameOrderAgainIsTheSameExecution) {
    serve();

    const auto once = order("job-1", 1, question);
    const auto heard = hear("job-1", 1);
    const auto again = order("job-1", 1, question);

    EXPECT_EQ(once.status, 202);
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(at(again.body, "/state"), "ended");
    EXPECT_EQ(hear("job-1", 1).text, heard.text);
    EXPECT_EQ(metric("worker_tokens_generated_total"), 40);
}

TEST_F(ExecutionsTest, ANewerAttemptCancelsTheOlderAndFencesIt) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1000000&decode=10");
    order("job-1", 1, question);
    wait_until([&] { return slots_busy() == 1; });
    auto older = attach("job-1", 1);
    ASSERT_EQ(next(older)->event, "start");

    const auto newer = order("job-1", 2, question);

    EXPECT_EQ(newer.status, 202);
    while (next(older)) {
    }
    EXPECT_TRUE(older.is_cut);
    const auto late = order("job-1", 1, question);
    EXPECT_EQ(late.status, 409);
    EXPECT_EQ(code_of(late), "CONFLICT");
    EXPECT_EQ(pointer_of(late), "/attempt");
    EXPECT_EQ(get(path("job-1", 1)).status, 409);
    EXPECT_EQ(acknowledge("job-1", 1, "{}").status, 409);
    EXPECT_EQ(cancel("job-1", 1).status, 204) << "nothing to do";
    pace->run_free();
    EXPECT_EQ(hear("job-1", 2).ids.size(), 40U);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"cancelled\"}"), 1);
}

TEST_F(ExecutionsTest, GoOnWhereAnotherWorkerEnded) {
    serve();
    order("job-1", 1, question);
    const auto whole = hear("job-1", 1);
    const contracts::ContinueFrom from{.prompt_ids = whole.start->prompt_ids,
                                       .generated_ids = {whole.ids.begin(), whole.ids.begin() + 15},
                                       .seed = whole.start->seed,
                                       .max_tokens = 25,
                                       .sampling = whole.start->sampling};
    const auto more = R"(,"operation":"chat","model_hash":")" + whole.start->model_hash + R"(","from":)" +
                      reflect::to_json_text(from);

    const auto accepted = order("job-1", 2, question, more);
    Heard rest{.tokens = 15};
    rest = hear("job-1", 2, rest);

    EXPECT_EQ(accepted.status, 202) << accepted.body;
    ASSERT_TRUE(rest.start && rest.end);
    EXPECT_EQ(rest.ids, contracts::TokenIdList(whole.ids.begin() + 15, whole.ids.end()));
    EXPECT_TRUE(whole.text.ends_with(rest.text));
    EXPECT_EQ(rest.start->prompt_ids, whole.start->prompt_ids);
    EXPECT_EQ(rest.end->usage, whole.end->usage);
    EXPECT_EQ(rest.end->message, whole.end->message);
}

TEST_F(ExecutionsTest, GoOnWithACallThatTheModelWasFreeToMake) {
    serve();
    const std::string free_to_call =
        R"({"messages":[{"role":"user","content":"Please look."}],"tool_choice":"auto","tools":[{"type":"function",)"
        R"("function":{"name":"look","parameters":{"type":"object","properties":{"far":{"enum":["no","yes"]}},)"
        R"("required":["far"]}}}]})";
    order("job-1", 1, free_to_call);
    const auto whole = hear("job-1", 1);
    ASSERT_TRUE(whole.start && whole.start->continuable);
    ASSERT_GT(whole.ids.size(), 2U);
    const contracts::ContinueFrom from{.prompt_ids = whole.start->prompt_ids,
                                       .generated_ids = {whole.ids.begin(), whole.ids.begin() + 2},
                                       .seed = whole.start->seed,
                                       .max_tokens = 100,
                                       .sampling = whole.start->sampling};

    order("job-1", 2, free_to_call,
          R"(,"operation":"chat","model_hash":")" + whole.start->model_hash + R"(","from":)" +
              reflect::to_json_text(from));
    const auto rest = hear("job-1", 2, Heard{.tokens = 2});

    ASSERT_TRUE(rest.end);
    EXPECT_EQ(rest.end->stop_reason, "tool_calls");
    EXPECT_EQ(rest.end->message, whole.end->message);
    EXPECT_EQ(rest.end->usage, whole.end->usage);
}

TEST_F(ExecutionsTest, KeepTheEndUntilItIsStored) {
    serve();
    order("job-1", 1, question);
    hear("job-1", 1);
    ASSERT_EQ(acknowledge("job-1", 1, R"({"through":39})").status, 200);

    const auto end = hear("job-1", 1, Heard{.tokens = 40});
    const auto done = acknowledge("job-1", 1, R"({"done":true})");

    EXPECT_TRUE(end.end);
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(get(path("job-1", 1)).status, 404);
    EXPECT_EQ(acknowledge("job-1", 1, R"({"done":true})").status, 404);
    EXPECT_EQ(executions_in("ended"), 0);
    const auto again = order("job-1", 1, question);
    EXPECT_EQ(again.status, 409) << "an attempt is begun once";
    EXPECT_EQ(pointer_of(again), "/attempt");
}

TEST_F(ExecutionsTest, AreCancelledAtOnceAndForGood) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1");
    order("job-1", 1, question);
    auto connection = attach("job-1", 1);
    ASSERT_EQ(next(connection)->event, "start");
    wait_until([&] { return slots_busy() == 1; });

    EXPECT_EQ(cancel("job-1", 1).status, 204);
    EXPECT_EQ(cancel("job-1", 1).status, 204);

    EXPECT_FALSE(next(connection));
    EXPECT_TRUE(connection.is_cut) << "half a stream looked whole";
    wait_until([&] { return slots_busy() == 0; });
    EXPECT_EQ(get(path("job-1", 1)).status, 404);
    EXPECT_EQ(order("job-1", 1, question).status, 409);
    EXPECT_EQ(send("DELETE", "/execute/job-1/x").status, 400);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"cancelled\"}"), 1);
}

TEST_F(ExecutionsTest, ACancelThatOvertakesItsOrderRefusesIt) {
    serve();

    EXPECT_EQ(cancel("job-1", 1).status, 204);

    EXPECT_EQ(order("job-1", 1, question).status, 409);
    EXPECT_EQ(order("job-1", 2, question).status, 202);
}

TEST_F(ExecutionsTest, EndWithAnErrorThatAnotherWorkerMayDoBetter) {
    serve("sim:tiny?fail_after=3");

    order("job-1", 1, question);
    const auto heard = hear("job-1", 1);

    EXPECT_EQ(heard.ids.size(), 3U);
    ASSERT_TRUE(heard.error);
    EXPECT_EQ(heard.error->code, contracts::ErrorCode::INTERNAL);
    EXPECT_FALSE(heard.error->is_final);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"failed\"}"), 1);
    EXPECT_EQ(acknowledge("job-1", 1, R"({"through":2,"done":true})").status, 200);
    EXPECT_EQ(get(path("job-1", 1)).status, 404);
}

TEST_F(ExecutionsTest, EndWithAFinalErrorWhereNobodyWillDoBetter) {
    const engine::ApiError refused{.status = 400, .message = "The template does not take this."};
    serve_engine(std::make_unique<ScriptedEngine>(Script{.events = {engine::Started{}, refused}}));

    order("job-1", 1, question);
    const auto heard = hear("job-1", 1);

    ASSERT_TRUE(heard.error);
    EXPECT_EQ(heard.error->code, contracts::ErrorCode::INVALID_PARAMS);
    EXPECT_EQ(heard.error->message, refused.message);
    EXPECT_TRUE(heard.error->is_final);
}

TEST_F(ExecutionsTest, EndWithAFinalErrorWhereNobodyCanGoOn) {
    const engine::ApiError refused{.status = 409, .message = "It has a grammar.", .code = "not_continuable"};
    serve_engine(std::make_unique<ScriptedEngine>(Script{.head = {.status = 409}, .events = {refused}}));

    EXPECT_EQ(order("job-1", 1, question).status, 202);
    const auto heard = hear("job-1", 1);

    ASSERT_TRUE(heard.error);
    EXPECT_EQ(heard.error->code, contracts::ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_EQ(heard.error->message, refused.message);
    EXPECT_TRUE(heard.error->is_final);
}

TEST_F(ExecutionsTest, FailWhenTheEngineLosesItsPlaceOrItsVoice) {
    auto scripted =
        std::make_unique<ScriptedEngine>(Script{.events = {engine::Started{}, engine::Said{.first = 0, .ids = {1}},
                                                           engine::Said{.first = 2, .ids = {3}}, engine::Ended{}}});
    auto* engine = scripted.get();
    serve_engine(std::move(scripted));
    order("job-1", 1, question);
    const auto gap = hear("job-1", 1);
    engine->script({.events = {engine::Started{}, engine::Said{.first = 0, .ids = {1}}}});
    order("job-2", 1, question);
    const auto silence = hear("job-2", 1);

    EXPECT_EQ(gap.ids.size(), 1U);
    EXPECT_TRUE(gap.error && !gap.error->is_final);
    EXPECT_EQ(silence.ids.size(), 1U);
    EXPECT_TRUE(silence.error && !silence.error->is_final);
}

}  // namespace
}  // namespace rbees::workerd
