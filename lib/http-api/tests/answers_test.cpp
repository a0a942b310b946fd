#include "rbees/http_api/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_exchange.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/http_api/access.hpp"

namespace rbees::http_api {
namespace {

using contracts::ErrorCode;
using contracts::ErrorShape;
using testing::HasSubstr;

TEST(Answers, ReadABodyIntoItsStruct) {
    const auto body =
        read_body<contracts::CancelTask>(request("POST", "/cancel", {}, R"({"task_id": "t-1", "new": 1})"));

    ASSERT_TRUE(body);
    EXPECT_EQ(body->task_id, TaskId("t-1"));
}

TEST(Answers, TakeAnEmptyBodyForAnEmptyObject) {
    EXPECT_TRUE(read_body<contracts::CreateToken>(request("POST", "/", {}, R"({"name": "x"})")));

    const auto refused = read_body<contracts::CancelTask>(request("POST", "/cancel"));

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("task_id"));
}

TEST(Answers, ListEveryFaultOfABody) {
    const auto refused =
        read_body<contracts::SpawnWorker>(request("POST", "/", {}, R"({"worker_id": 7, "slots": "many"})"));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::INVALID_PARAMS);
    EXPECT_EQ(refused.error().errors.size(), 3U);
}

TEST(Answers, RefuseAStringThatIsTooLongForABodyThatSteers) {
    const std::string longest(contracts::control_text_max, 'x');
    const auto body_of = [](const std::string& id) {
        return read_body<contracts::CancelTask>(request("POST", "/", {}, R"({"task_id": ")" + id + R"("})"));
    };

    EXPECT_TRUE(body_of(longest));
    const auto refused = body_of(longest + "x");

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errors.front().pointer, "/task_id");
    EXPECT_EQ(refused.error().limit, "control_text_max");
}

TEST(Answers, RefuseABodyThatIsNotJson) {
    const auto refused = read_body<contracts::CancelTask>(request("POST", "/", {}, "{\"task_id\": "));

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("not JSON"));
    const auto deep = read_body<contracts::CancelTask>(request("POST", "/cancel", {}, std::string(65, '[')));
    EXPECT_EQ(deep.error().limit, "json_depth_max");
}

TEST(Answers, ShapeAProblemAsItsRouteAsks) {
    const contracts::Problem problem{.code = ErrorCode::QUEUE_FULL, .detail = "full", .retry_after_ms = 1500};

    const auto ours = problem_answer(problem, ErrorShape::problem, "r-1");
    const auto openai = problem_answer(problem, ErrorShape::openai, "r-1");

    EXPECT_EQ(ours.status, 429);
    EXPECT_EQ(ours.headers.find("content-type"), "application/problem+json");
    EXPECT_EQ(ours.headers.find("Retry-After"), "2");
    EXPECT_THAT(ours.body, HasSubstr(R"("request_id":"r-1")"));
    EXPECT_EQ(openai.headers.find("content-type"), "application/json");
    EXPECT_THAT(openai.body, HasSubstr(R"("error":{)"));
}

TEST(Answers, NameTheLimitThatTheServerEnforced) {
    const auto response =
        server_error_body()({.status = 413, .detail = "the body is too large", .limit = "body.limit", .target = "/v2"});

    EXPECT_EQ(response.status, 413);
    EXPECT_THAT(response.body, HasSubstr(R"("limit":"body.limit")"));
    EXPECT_THAT(response.body, HasSubstr("BODY_TOO_LARGE"));
    EXPECT_THAT(response.body, HasSubstr(R"("hint":"send less, or set the option body.limit higher)"));
    EXPECT_TRUE(response.headers.contains("X-Correlation-Id"));
}

TEST(Answers, ShapeWhatTheServerRefusesAsItsTargetAsks) {
    const auto answer = [](int status, std::string_view target) {
        return server_error_body()({.status = status, .detail = "no", .limit = "a_limit", .target = target});
    };

    const auto ours = answer(413, "/v2/tasks");
    const auto openai = answer(413, "/v1/chat/completions");

    EXPECT_EQ(ours.headers.find("Content-Type"), "application/problem+json");
    EXPECT_EQ(openai.headers.find("Content-Type"), "application/json");
    EXPECT_TRUE(openai.headers.contains("X-Correlation-Id"));
    const auto body = reflect::from_json_text<contracts::OpenAiErrorBody>(openai.body);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->error.message, "no");
    EXPECT_EQ(body->error.type, "invalid_request_error");
    EXPECT_EQ(body->error.code, "BODY_TOO_LARGE");
    EXPECT_EQ(body->error.limit, "a_limit");
    EXPECT_FALSE(body->error.retriable);
    EXPECT_THAT(answer(503, "/v1/x").body, HasSubstr("server_error"));
    EXPECT_THAT(answer(503, "/v1/x").body, HasSubstr(R"("retriable":true)"));
    EXPECT_THAT(answer(500, "/v1/x").body, HasSubstr("INTERNAL"));
    EXPECT_THAT(answer(400, "").body, HasSubstr(R"("status":400)"));
}

TEST(Access, ShowsTheSecretOfEitherHeader) {
    EXPECT_EQ(shown_secret(request("GET", "/", {{"authorization", "bearer abc "}})), "abc");
    EXPECT_EQ(shown_secret(request("GET", "/", {{"X-Api-Key", "abc"}})), "abc");
    EXPECT_EQ(shown_secret(request("GET", "/", {{"Authorization", "Basic abc"}})), std::nullopt);
    EXPECT_EQ(shown_secret(request("GET", "/", {{"Authorization", "Bearer "}})), std::nullopt);
    EXPECT_EQ(shown_secret(request("GET", "/", {{"Authorization", "Bearer    "}})), std::nullopt);
    EXPECT_EQ(shown_secret(request("GET", "/")), std::nullopt);
}

TEST(Access, KnowsLoopbackFromOtherPeers) {
    auto from = request("GET", "/");
    for (const auto* peer : {"127.0.0.1:80", "127.9.9.9:1", "[::1]:80", "[::ffff:127.0.0.1]:80"}) {
        from.peer = peer;
        EXPECT_TRUE(is_from_loopback(from)) << peer;
    }
    for (const auto* peer : {"10.0.0.1:127", "128.0.0.1:1", "[::2]:80", "[::ffff:10.0.0.1]:80", ""}) {
        from.peer = peer;
        EXPECT_FALSE(is_from_loopback(from)) << peer;
    }
}

}  // namespace
}  // namespace rbees::http_api
