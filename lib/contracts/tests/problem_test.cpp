#include "rbees/contracts/problem.hpp"

#include <gtest/gtest.h>

#include "rbees/contracts/faults.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::contracts {
namespace {

TEST(ErrorTable, HasARowForEachCodeInTheirOrder) {
    std::size_t count = 0;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<ErrorCode>>([&](auto described) {
        EXPECT_EQ(row_of(described.value).code, described.value);
        ++count;
    });
    EXPECT_EQ(error_table().size(), count);
}

TEST(ProblemBody, SaysWhatHappenedAndWhatToDo) {
    const Problem problem{.code = ErrorCode::MODEL_NOT_FOUND,
                          .detail = "model \"llama3\" is not on disk",
                          .hint = "rbees models pull llama3"};

    EXPECT_EQ(reflect::to_json_text(problem_body(problem, "r-1")),
              R"({"type":"about:blank","title":"There is no such model here","status":404,)"
              R"("detail":"model \"llama3\" is not on disk","code":"MODEL_NOT_FOUND","request_id":"r-1",)"
              R"("retriable":false,"hint":"rbees models pull llama3"})");
}

TEST(OpenAiError, SpeaksOpenAisWordsAndNamesTheParameter) {
    const Problem problem{
        .code = ErrorCode::INVALID_PARAMS, .detail = "/model: is required", .errors = {{"/model", "is required"}}};

    const auto body = openai_error_body(problem, "r-1");

    EXPECT_EQ(body.error.type, "invalid_request_error");
    EXPECT_EQ(body.error.param, "model");
    EXPECT_EQ(openai_error_body({.code = ErrorCode::MODEL_NOT_FOUND}, "r").error.code, "model_not_found");
    EXPECT_EQ(openai_error_body({.code = ErrorCode::UNAUTHORIZED}, "r").error.type, "authentication_error");
}

TEST(OpenAiError, NamesTheLimitThatWasHit) {
    const auto body = openai_error_body({.code = ErrorCode::BODY_TOO_LARGE, .limit = "body.limit"}, "r-1");

    EXPECT_EQ(body.error.limit, "body.limit");
    EXPECT_EQ(body.error.type, "invalid_request_error");
}

TEST(OpenAiError, SaysWhetherAndWhenToTryAgain) {
    const auto body = openai_error_body({.code = ErrorCode::WORKER_UNAVAILABLE, .retry_after_ms = 1'000}, "r-1");

    EXPECT_TRUE(body.error.retriable);
    EXPECT_EQ(body.error.retry_after_ms, 1'000);
    EXPECT_FALSE(openai_error_body({.code = ErrorCode::INVALID_PARAMS}, "r").error.retriable);
    EXPECT_EQ(openai_error_body({.code = ErrorCode::INVALID_PARAMS}, "r").error.retry_after_ms, std::nullopt);
}

TEST(ABodyBeyondABound, NamesTheBoundOnceForAllOfTheAnswer) {
    const auto problem = invalid("body", {{"/a", "is required"}, {"", "nests too deep", "json_depth_max"}});

    EXPECT_EQ(problem.limit, "json_depth_max");
    EXPECT_EQ(invalid("body", {{"/a", "is required"}}).limit, std::nullopt);
}

TEST(AnInvalidQuery, IsRefusedWithEveryFault) {
    const auto problem = invalid("query", {{"?limit", "must be 1"}, {"?since", "must be a time"}});

    EXPECT_EQ(problem.code, ErrorCode::INVALID_PARAMS);
    EXPECT_EQ(problem.detail, "the query is not valid: ?limit: must be 1; ?since: must be a time");
    EXPECT_EQ(problem.errors.size(), 2U);
}

TEST(AnAnswerThatIsTooLarge, IsNotWorthAnotherTry) {
    const auto problem = answer_too_large();

    EXPECT_EQ(problem.status(), 400);
    EXPECT_EQ(problem.limit, "whole_answer_max");
    EXPECT_FALSE(problem_body(problem, "r").retriable);
}

}  // namespace
}  // namespace rbees::contracts
