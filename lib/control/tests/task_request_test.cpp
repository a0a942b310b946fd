#include "rbees/control/task_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rbees::control {
namespace {

using contracts::ErrorCode;

TEST(TaskRequest, NamesEveryMemberThatIsWrong) {
    const auto request =
        read_task_request(R"({"prompt": "a", "messages": [], "max_tokens": 0, "temperature": 7, "session_id": "a b"})");

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, ErrorCode::INVALID_PARAMS);
    std::vector<std::string> pointers;
    for (const auto& error : request.error().errors) {
        pointers.push_back(error.pointer);
    }
    EXPECT_THAT(pointers, testing::UnorderedElementsAre("", "/messages", "/max_tokens", "/temperature", "/session_id"));
}

TEST(TaskRequest, PassesOnWhatBelongsToTheEngine) {
    const auto request = read_task_request(
        R"({"prompt": "Hello", "max_tokens": 5, "top_k": 3, "priority": "batch", "deadline_ms": 9, "stream": true})");

    const auto body = worker_request(request.value(), ModelId("smollm2"), 7);

    const auto expected = reflect::parse_json(
        R"({"max_tokens": 5, "top_k": 3, "model": "smollm2",
            "messages": [{"role": "user", "content": "Hello"}], "seed": 7})");
    EXPECT_EQ(reflect::to_canonical_text(body), reflect::to_canonical_text(*expected));
}

TEST(TaskRequest, HasOneLimitOfTokensUnderOneName) {
    const auto request = read_task_request(
        R"({"prompt": "Hello", "max_tokens": 5, "max_completion_tokens": 900000, "n_predict": 900000})");

    const auto body = worker_request(request.value(), ModelId("smollm2"), 7);

    EXPECT_EQ(body.at("max_tokens"), 5);
    EXPECT_FALSE(body.contains("max_completion_tokens"));
    EXPECT_FALSE(body.contains("n_predict"));
}

TEST(TaskRequest, IsTheSameHoweverItIsWritten) {
    const auto one = read_task_request(R"({"prompt": "Hello", "max_tokens": 5})").value();
    const auto other = read_task_request(R"({ "max_tokens":5,"prompt":"Hello" })").value();

    EXPECT_EQ(one.digest, other.digest);
}

}  // namespace
}  // namespace rbees::control
