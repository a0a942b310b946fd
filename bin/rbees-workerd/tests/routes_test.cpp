#include <gmock/gmock.h>

#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/reflect/read.hpp"
#include "worker_fixture.hpp"

namespace rbees::workerd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using RoutesTest = WorkerFixture;

std::string error_code(const net::Response& answer) {
    const auto code = at(answer.body, "/error/code");
    return code.is_string() ? std::string(code.get_string()) : answer.body;
}

TEST_F(RoutesTest, EveryRouteNeedsTheSpawnSecret) {
    serve();

    for (const auto& route : contracts::worker_routes()) {
        const std::string method(route.method);
        const std::string path(route.path);
        EXPECT_EQ(send(method, path, "{}", {{"Authorization", "Bearer the-spawn-secreT"}}).status, 401) << path;
        EXPECT_EQ(send(method, path, "{}", {{"Authorization", "Bearer the-spawn-secret-and-more"}}).status, 401);
        EXPECT_EQ(send(method, path, "{}", {{"Authorization", "none"}}).status, 401) << path;
    }
    EXPECT_EQ(get("/health").status, 200);
}

TEST_F(RoutesTest, TakesAnyBodyThatOrcdLetsIn) {
    serve();
    auto body = chat_body(2, false);
    body.append(std::string(std::size_t{40} << 20, ' '));  // more than body.limit is by default

    EXPECT_EQ(post("/v1/chat/completions", body).status, 200);
    EXPECT_EQ(post("/cancel", body).status, 413) << "a body that only steers";
    EXPECT_EQ(send("POST", "/v1/chat/completions", body, {{"Authorization", "none"}}).status, 401);
    EXPECT_GE(contracts::worker_body_max, contracts::body_limit_max);
}

TEST_F(RoutesTest, HealthTellsTheMemoryThatTheWorkerTakes) {
    serve();

    const auto health = reflect::from_json_text<contracts::WorkerHealth>(get("/health").body);

    ASSERT_TRUE(health);
    EXPECT_GT(health->memory.value_or(Bytes{}), mebibytes(1));
}

TEST_F(RoutesTest, CapabilitiesTellWhatComputes) {
    serve();

    const auto capabilities = reflect::from_json_text<contracts::WorkerCapabilities>(get("/capabilities").body);

    ASSERT_TRUE(capabilities);
    EXPECT_EQ(capabilities->device, contracts::DeviceKind::cpu);
}

TEST_F(RoutesTest, ChatAnswersWholeAndSaysWhoServedWhichTask) {
    serve();

    const auto answer = post("/v1/chat/completions", chat_body(5, false), {{"X-Rbees-Task", "task-7"}});

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.find("Content-Type"), "application/json");
    EXPECT_EQ(answer.headers.find("X-Rbees-Worker"), "w-1");
    EXPECT_EQ(answer.headers.find("X-Rbees-Task"), "task-7");
    EXPECT_EQ(at(answer.body, "/usage/completion_tokens"), 5);
    EXPECT_EQ(at(answer.body, "/model"), "tiny");
}

TEST_F(RoutesTest, StreamCarriesTheSameTextAsTheWholeAnswerAndEndsWithDone) {
    serve();
    const auto whole = at(post("/v1/chat/completions", chat_body(40, false)).body, "/choices/0/message/content");

    const auto stream = open("/v1/chat/completions", chat_body(40, true));
    const auto bytes = read_to_end(*stream);

    EXPECT_EQ(stream->status(), 200);
    EXPECT_THAT(std::string(stream->headers().find("Content-Type").value_or("")), StartsWith("text/event-stream"));
    EXPECT_TRUE(stream->headers().contains("X-Rbees-Task"));
    EXPECT_TRUE(bytes.ends_with("data: [DONE]\n\n"));
    EXPECT_EQ(whole.get_string(), text_of_stream(bytes));
}

TEST_F(RoutesTest, IdsStandInTheStreamWhenTheHeaderAsksForThem) {
    serve();

    const auto with = read_to_end(*open("/v1/chat/completions", chat_body(3, true), {{"X-Rbees-Ids", "1"}}));
    const auto without = read_to_end(*open("/v1/chat/completions", chat_body(3, true), {{"X-Rbees-Ids", "0"}}));

    EXPECT_THAT(with, StartsWith("event: rbees.start\n"));
    EXPECT_THAT(with, HasSubstr("event: rbees.ids\n"));
    EXPECT_THAT(without, testing::Not(HasSubstr("rbees.")));
}

/// What orcd sends when the worker of this stream died behind `count` of its tokens.
std::string continue_body(const std::string& request, const std::string& stream, std::size_t count, int most) {
    std::string start;
    boost::json::array ids;
    std::string event;
    for (std::size_t at_line = 0; at_line < stream.size();) {
        const auto end = stream.find('\n', at_line);
        const auto line = stream.substr(at_line, end - at_line);
        at_line = end + 1;
        if (line.starts_with("event: ")) event = line.substr(7);
        if (!line.starts_with("data: ")) continue;
        if (event == "rbees.start") start = line.substr(6);
        if (event == "rbees.ids") {
            for (const auto& id : at(line.substr(6), "/ids").as_array())
                if (ids.size() < count) ids.push_back(id);
        }
        event.clear();
    }
    const boost::json::object from{{"prompt_ids", at(start, "/prompt_ids")},
                                   {"generated_ids", ids},
                                   {"seed", at(start, "/seed")},
                                   {"max_tokens", most - static_cast<int>(count)},
                                   {"sampling", at(start, "/sampling")}};
    return reflect::to_text(boost::json::object{{"operation", "chat"},
                                                {"request", reflect::parse_json(request).value()},
                                                {"model_hash", at(start, "/model_hash")},
                                                {"from", from}});
}

TEST_F(RoutesTest, ContinueSaysTheRestOfAnAnswerThatBrokeOff) {
    serve();
    const auto body = chat_body(12, true);
    const Headers headers{{"X-Rbees-Ids", "1"}, {"X-Rbees-Task", "t-1"}};
    const auto whole = read_to_end(*open("/v1/chat/completions", body, headers));

    const auto rest = read_to_end(*open("/continue", continue_body(body, whole, 5, 12), headers));

    const auto text = text_of_stream(whole);
    const auto said = text_of_stream(rest);
    EXPECT_FALSE(said.empty()) << rest;
    EXPECT_LT(said.size(), text.size());
    EXPECT_TRUE(text.ends_with(said)) << text << " / " << said;
    EXPECT_THAT(rest, HasSubstr("\"i\":5,"));
    EXPECT_THAT(rest, HasSubstr("chatcmpl-t-1"));
    EXPECT_THAT(rest, testing::Not(HasSubstr("\"role\"")));
    EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n"));
}

TEST_F(RoutesTest, ContinueGoesOnWithACallThatTheModelWasFreeToMake) {
    serve();
    const std::string body =
        R"({"messages":[{"role":"user","content":"Please look."}],"stream":true,"max_tokens":100,"tools":[{"type":)"
        R"("function","function":{"name":"look","parameters":{"type":"object","properties":{"far":{"enum":["no"]}},)"
        R"("required":["far"]}}}]})";
    const Headers headers{{"X-Rbees-Ids", "1"}, {"X-Rbees-Task", "t-1"}};
    const auto whole = read_to_end(*open("/v1/chat/completions", body, headers));
    ASSERT_THAT(whole, HasSubstr(R"("continuable":true)"));

    const auto rest = read_to_end(*open("/continue", continue_body(body, whole, 2, 100), headers));

    EXPECT_THAT(whole, HasSubstr(R"("finish_reason":"tool_calls")"));
    EXPECT_THAT(rest, HasSubstr(R"("finish_reason":"tool_calls")"));
    EXPECT_THAT(rest, testing::Not(HasSubstr(R"("name":"look")"))) << "the client has it";
    EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n"));
}

TEST_F(RoutesTest, ContinueRefusesAnotherModelsAnswerAndBodiesThatAreNone) {
    serve();
    const auto body = chat_body(12, true);
    auto request = continue_body(body, read_to_end(*open("/v1/chat/completions", body, {{"X-Rbees-Ids", "1"}})), 5, 12);
    request.replace(request.find("sim:"), 4, "abc:");

    const auto other_model = post("/continue", request);
    const auto no_body = post("/continue", R"({"request":{}})");

    EXPECT_EQ(other_model.status, 409);
    EXPECT_EQ(error_code(other_model), "not_continuable");
    EXPECT_EQ(no_body.status, 400);
    EXPECT_EQ(error_code(no_body), "INVALID_PARAMS");
    EXPECT_EQ(post("/continue", "{").status, 400);
}

TEST_F(RoutesTest, ContinueIsForChatModels) {
    serve("sim:embed-small");

    EXPECT_EQ(error_code(post("/continue", "{}")), "MODEL_INCOMPATIBLE");
}

TEST_F(RoutesTest, TextSurvivesTokenizingAndDetokenizing) {
    serve();

    const auto tokens = at(post("/tokenize", R"({"content":"hello bees"})").body, "/tokens");
    const auto text = post("/detokenize", "{\"tokens\":" + reflect::to_text(tokens) + "}");

    EXPECT_FALSE(tokens.as_array().empty());
    EXPECT_EQ(at(text.body, "/content"), "hello bees");
    EXPECT_THAT(post("/apply-template", chat_body(1, false)).body, HasSubstr("hello bees"));
    EXPECT_EQ(post("/v1/completions", R"({"prompt":"one two","max_tokens":3})").status, 200);
}

TEST_F(RoutesTest, CapabilitiesAreTheEngines) {
    serve("sim:tiny?slots=3");

    const auto answer = get("/capabilities");
    const auto capabilities = reflect::from_json_text<contracts::WorkerCapabilities>(answer.body);

    ASSERT_TRUE(capabilities) << answer.body;
    EXPECT_EQ(capabilities->protocol, 1U);
    EXPECT_EQ(capabilities->model, ModelId("tiny"));
    EXPECT_THAT(capabilities->model_hash, StartsWith("sim:"));
    EXPECT_EQ(capabilities->kind, contracts::ModelKind::chat);
    EXPECT_EQ(capabilities->slots, 3U);
    EXPECT_EQ(capabilities->context, Tokens(8192));
    EXPECT_TRUE(capabilities->ids);
    EXPECT_TRUE(capabilities->continue_);
}

TEST_F(RoutesTest, EmbeddingModelRefusesToChatAndSaysWhatItCan) {
    serve("sim:embed-small");

    const auto chat = post("/v1/chat/completions", chat_body(5, false));
    const auto vectors = post("/v1/embeddings", R"({"input":"bees"})");

    EXPECT_EQ(chat.status, 400);
    EXPECT_EQ(error_code(chat), "MODEL_INCOMPATIBLE");
    EXPECT_THAT(chat.body, HasSubstr("POST /v1/embeddings"));
    EXPECT_EQ(vectors.status, 200) << vectors.body;
}

TEST_F(RoutesTest, BrokenBodiesNeverReachTheEngine) {
    serve();
    const std::vector<std::string> bodies{"",
                                          "{\"messages\":",
                                          "{\"messages\":[]} and more",
                                          "{\"prompt\":\"\xff\xfe\"}",
                                          R"({"prompt":"\ud800"})",
                                          R"({"prompt":"a","prompt":"b"})",
                                          std::string(100'000, '['),
                                          R"({"a":)" + std::string(100'000, '{') + "}"};

    for (const auto& body : bodies) {
        const auto answer = post("/v1/chat/completions", body);
        EXPECT_EQ(answer.status, 400) << body.substr(0, 40);
        EXPECT_EQ(error_code(answer), "INVALID_PARAMS");
        EXPECT_EQ(at(answer.body, "/error/type"), "invalid_request_error");
    }

    EXPECT_EQ(metric("worker_tokens_in_total"), 0);
    EXPECT_EQ(metric("worker_requests_total{outcome=\"refused\"}"), static_cast<double>(bodies.size()));
}

TEST_F(RoutesTest, PromptThatIsTooLongIsRefusedWithTheNumbers) {
    serve("sim:tiny?context=64");
    std::string words;
    for (int word = 0; word < 200; ++word) {
        words += "word ";
    }

    const auto answer = post("/v1/completions", R"({"prompt":")" + words + R"(","stream":true})");

    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(error_code(answer), "context_length_exceeded");
    EXPECT_THAT(answer.body, HasSubstr("64"));
    EXPECT_EQ(answer.headers.find("Content-Type"), "application/json");
}

TEST_F(RoutesTest, TicketOfAnOldEpochIsRefusedAndANewOnePasses) {
    serve();
    const auto with_epoch = [&](const std::string& epoch) {
        return post("/v1/chat/completions", chat_body(1, false), {{"X-Rbees-Epoch", epoch}}).status;
    };

    EXPECT_EQ(with_epoch("7"), 200);
    EXPECT_EQ(with_epoch("7"), 200);
    EXPECT_EQ(with_epoch("6"), 409);
    EXPECT_EQ(with_epoch("8"), 200);
    EXPECT_EQ(with_epoch("7"), 409);
    EXPECT_EQ(with_epoch("18446744073709551616"), 400);
    EXPECT_EQ(with_epoch("-1"), 400);
    EXPECT_EQ(with_epoch(""), 400);
    EXPECT_EQ(post("/v1/chat/completions", chat_body(1, false)).status, 200);
}

TEST_F(RoutesTest, TaskIdWithForeignCharactersIsRefused) {
    serve();

    const auto answer = post("/v1/chat/completions", chat_body(1, false), {{"X-Rbees-Task", "a b"}});

    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("X-Rbees-Task"));
}

TEST_F(RoutesTest, ErrorInTheMiddleOfAStreamIsAFrameAndCountsAsFailed) {
    serve("sim:tiny?fail_after=3");

    const auto bytes = read_to_end(*open("/v1/chat/completions", chat_body(10, true)));

    EXPECT_THAT(bytes, HasSubstr("\"error\""));
    EXPECT_THAT(bytes, testing::Not(HasSubstr("[DONE]")));
    EXPECT_EQ(metric("worker_requests_total{outcome=\"failed\"}"), 1);
}

TEST_F(RoutesTest, MetricsCountTokensAndOutcomes) {
    serve();
    EXPECT_EQ(metric("worker_requests_total{outcome=\"ok\"}"), 0);

    post("/v1/chat/completions", chat_body(5, false));
    post("/v1/chat/completions", chat_body(5, false));

    EXPECT_EQ(metric("worker_requests_total{outcome=\"ok\"}"), 2);
    EXPECT_EQ(metric("worker_tokens_generated_total"), 10);
    EXPECT_EQ(metric("worker_tokens_generated_total"), 10);
    EXPECT_GT(metric("worker_tokens_in_total"), 0);
    EXPECT_EQ(metric("rbees_slots_busy"), 0);
    EXPECT_GE(metric("worker_uptime_seconds"), 0);
}

TEST_F(RoutesTest, RequestsBeyondSlotsAndWaitingRoomAreTurnedAway) {
    start("sim:tiny?slots=1");
    wait_until([&] { return get("/capabilities").status == 200; });
    std::vector<std::unique_ptr<net::ClientStream>> streams;
    std::size_t turned_away = 0;
    std::size_t answered = 0;
    for (std::size_t index = 0; index < 1 + waiting_answers_max + 1; ++index) {
        boost::asio::co_spawn(io, client.send(request("POST", "/v1/chat/completions", chat_body(2, false), {})),
                              [&](std::exception_ptr, auto answer) {
                                  ASSERT_TRUE(answer);
                                  ++(answer->status == 429 ? turned_away : answered);
                              });
    }

    wait_until([&] { return turned_away == 1; });
    EXPECT_EQ(answered, 0U);
    pace->run_free();

    wait_until([&] { return answered == 1 + waiting_answers_max; });
    EXPECT_EQ(turned_away, 1U);
}

}  // namespace
}  // namespace rbees::workerd
