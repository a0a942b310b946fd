#include "rbees/http_api/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <stdexcept>

#include "fake_exchange.hpp"
#include "rbees/http_api/answers.hpp"

namespace rbees::http_api {
namespace {

using contracts::Access;
using contracts::ErrorShape;
using contracts::Route;
using testing::HasSubstr;

const std::array routes{
    Route{.method = "GET", .path = "/health", .operation = "health", .access = Access::open},
    Route{.method = "GET", .path = "/v2/models/{id}", .operation = "model", .access = Access::user},
    Route{.method = "GET", .path = "/stream", .operation = "stream", .access = Access::open},
    Route{.method = "POST",
          .path = "/v1/broken",
          .operation = "broken",
          .access = Access::open,
          .errors = ErrorShape::openai},
    Route{.method = "POST", .path = "/v2/models", .operation = "model_add", .access = Access::admin},
    Route{.method = "POST",
          .path = "/v2/tasks",
          .operation = "task_submit",
          .access = Access::user,
          .body = contracts::BodySize::task},
    Route{.method = "POST",
          .path = "/v1/chat/completions",
          .operation = "chat",
          .access = Access::user,
          .errors = ErrorShape::openai,
          .body = contracts::BodySize::text},
};

net::Task<void> stream_two_pieces(Call& call) {
    net::Response head;
    co_await call.exchange.start(std::move(head));
    co_await call.exchange.write("one ");
    co_await call.exchange.write("two");
    co_await call.exchange.finish();
}

class RouterTest : public testing::Test {
  protected:
    static Handlers handlers() {
        Handlers made;
        made.answer("health", [](const Call& /*call*/) { return empty_answer(204); });
        made.answer("model", [](const Call& call) {
            return text_answer(200, "text/plain", call.caller.id + " asks for " + call.parameter("id"));
        });
        made.bind("stream", stream_two_pieces);
        for (const auto* operation : {"model_add", "task_submit", "chat"}) {
            made.answer(operation,
                        [](const Call& call) { return text_answer(200, "text/plain", call.request().body); });
        }
        made.answer("broken", [](const Call& /*call*/) -> net::Response { throw std::runtime_error("out of ideas"); });
        return made;
    }

    static std::expected<Caller, contracts::Problem> check(const Route& route, const net::Request& from) {
        EXPECT_NE(route.access, Access::open);
        const auto secret = shown_secret(from);
        if (!secret) return std::unexpected(secret_missing());
        if (*secret != "good") return std::unexpected(secret_wrong());
        return Caller{.id = "ann", .role = contracts::Role::admin};
    }

    net::Response answer_to(net::Request from) {
        FakeExchange exchange(std::move(from));
        serve(router.handler(), exchange);
        EXPECT_TRUE(exchange.is_whole);
        return exchange.answer;
    }

    std::string logged;
    std::optional<Answered> answered;
    Router router{routes, handlers(), check,
                  Logger::to_function(LogLevel::debug, [this](std::string_view line) { logged += line; }),
                  [this](const Answered& seen) { answered = seen; }};
};

TEST_F(RouterTest, HandsPathParametersAndCallerToTheHandler) {
    const auto answer = answer_to(request("GET", "/v2/models/a%2Fb", {{"Authorization", "Bearer good"}}));

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "ann asks for a/b");
}

TEST_F(RouterTest, RefusesWhoeverTheCheckRefuses) {
    const auto without = answer_to(request("GET", "/v2/models/a"));
    const auto with_wrong = answer_to(request("GET", "/v2/models/a", {{"x-api-key", "bad"}}));

    EXPECT_EQ(without.status, 401);
    EXPECT_EQ(without.headers.find("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(with_wrong.status, 401);
}

TEST_F(RouterTest, GivesEveryAnswerTheCorrelationIdOfItsRequest) {
    EXPECT_EQ(answer_to(request("GET", "/health", {{"X-Correlation-Id", "abc-1"}})).headers.find("X-Correlation-Id"),
              "abc-1");
    EXPECT_EQ(answer_to(request("GET", "/nowhere", {{"X-Correlation-Id", "abc-1"}})).headers.find("X-Correlation-Id"),
              "abc-1");
    const auto replaced = answer_to(request("GET", "/stream", {{"X-Correlation-Id", "a b"}}));
    ASSERT_TRUE(replaced.headers.contains("X-Correlation-Id"));
    EXPECT_NE(replaced.headers.find("X-Correlation-Id"), "a b");
}

TEST_F(RouterTest, StreamsThroughTheExchange) {
    EXPECT_EQ(answer_to(request("GET", "/stream")).body, "one two");
}

TEST_F(RouterTest, SaysWhatAPathTakesInstead) {
    const auto missing = answer_to(request("GET", "/nowhere"));
    const auto wrong = answer_to(request("DELETE", "/health"));

    EXPECT_EQ(missing.status, 404);
    EXPECT_THAT(missing.body, HasSubstr("there is no route /nowhere"));
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.headers.find("Allow"), "GET, HEAD");
}

TEST_F(RouterTest, AnswersUnknownPathsUnderV1AsOpenAiDoes) {
    EXPECT_THAT(answer_to(request("GET", "/v1/nowhere")).body, HasSubstr(R"("error":{)"));
}

TEST_F(RouterTest, TurnsAnExceptionIntoInternalAndLogsIt) {
    const auto answer = answer_to(request("POST", "/v1/broken"));

    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, Not(HasSubstr("out of ideas")));
    EXPECT_THAT(logged, HasSubstr("out of ideas"));
}

TEST_F(RouterTest, TellsTheObserverWhatWasAnswered) {
    answer_to(request("GET", "/health"));

    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->route->operation, "health");
    EXPECT_EQ(answered->status, 204);
    EXPECT_LE(answered->started, answered->first_byte);
    EXPECT_LE(answered->first_byte, answered->ended);

    answer_to(request("GET", "/nowhere"));

    EXPECT_EQ(answered->route, nullptr);
    EXPECT_EQ(answered->status, 404);
}

TEST_F(RouterTest, HasABodyReadOnlyForWhomItsRouteIsThere) {
    const auto check_head = router.head_check();
    const net::Fields good{{"Authorization", "Bearer good"}};

    EXPECT_FALSE(check_head(request("POST", "/v2/models"))) << "without a token";
    EXPECT_FALSE(check_head(request("POST", "/v2/models", {{"Authorization", "Bearer bad"}})));
    EXPECT_FALSE(check_head(request("POST", "/nowhere", good)));
    EXPECT_FALSE(check_head(request("PUT", "/v2/models", good)));
    EXPECT_TRUE(check_head(request("POST", "/v1/broken"))) << "open to all";
    EXPECT_TRUE(check_head(request("POST", "/v2/models", good)));
}

TEST_F(RouterTest, BoundsABodyByItsRoute) {
    const auto check_head = router.head_check();
    const net::Fields good{{"Authorization", "Bearer good"}};

    const auto control = check_head(request("POST", "/v2/models", good)).value();
    const auto task = check_head(request("POST", "/v2/tasks", good)).value();
    const auto text = check_head(request("POST", "/v1/chat/completions", good)).value();

    EXPECT_EQ(control.name, "control_body_max");
    EXPECT_EQ(control.most, mebibytes(1));
    EXPECT_EQ(task.name, "task_body_max");
    EXPECT_EQ(task.most, mebibytes(8));
    EXPECT_GT(text.most, mebibytes(1024)) << "only the server's own bound is left";
}

TEST_F(RouterTest, RefusesWhatWasLeftUnreadEvenIfItMayBeCalledByNow) {
    auto left = request("POST", "/v2/models", {{"Authorization", "Bearer good"}});
    left.is_body_left = true;
    auto wrong = request("POST", "/v2/models");
    wrong.is_body_left = true;

    EXPECT_EQ(answer_to(std::move(left)).status, 409);
    EXPECT_EQ(answer_to(std::move(wrong)).status, 401);
}

using RouterDeathTest = RouterTest;

TEST_F(RouterDeathTest, RefusesATableWithAnUnboundRoute) {
    Handlers few;
    few.answer("health", [](const Call& /*call*/) { return empty_answer(204); });

    EXPECT_DEATH(Router(routes, few, check, Logger()), "handlers");
}

TEST_F(RouterDeathTest, RefusesAHandlerWithoutARoute) {
    auto many = handlers();
    many.answer("invented", [](const Call& /*call*/) { return empty_answer(204); });

    EXPECT_DEATH(Router(routes, many, check, Logger()), "handlers");
}

}  // namespace
}  // namespace rbees::http_api
