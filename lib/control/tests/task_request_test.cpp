#include "rbees/control/task_request.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rbees::control {
namespace {

using contracts::ErrorCode;

std::vector<std::string> pointers_of(const contracts::Problem& problem) {
    std::vector<std::string> pointers;
    for (const auto& error : problem.errors) {
        pointers.push_back(error.pointer);
    }
    return pointers;
}

/// Of a task with these members and a limit of tokens, if they name none.
std::vector<std::string> faults_of(std::string_view members) {
    const std::string_view limit = members.contains("max_tokens") ? "" : R"("max_tokens":5,)";
    const auto request = read_task_request(fmt::format("{{{}{}}}", limit, members));
    return request ? std::vector<std::string>{} : pointers_of(request.error());
}

TEST(TaskRequest, NamesEveryMemberThatIsWrong) {
    const auto request =
        read_task_request(R"({"prompt": "a", "messages": [], "max_tokens": 0, "temperature": 7, "session_id": "a b"})");

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, ErrorCode::INVALID_PARAMS);
    EXPECT_THAT(pointers_of(request.error()),
                testing::UnorderedElementsAre("", "/messages", "/max_tokens", "/temperature", "/session_id"));
}

TEST(TaskRequest, NamesMembersOfTheWrongTypeAndThoseOutOfBoundsTogether) {
    const auto request = read_task_request(
        R"({"max_tokens":0,"temperature":9,"top_p":3,"session_id":"!!","seed":"a","priority":"x","deadline_ms":-1})");

    ASSERT_FALSE(request);
    EXPECT_THAT(pointers_of(request.error()),
                testing::UnorderedElementsAre("", "/max_tokens", "/temperature", "/top_p", "/session_id", "/seed",
                                              "/priority", "/deadline_ms"));
    EXPECT_THAT(faults_of(R"("prompt":7,"max_tokens":"x","top_p":3)"),
                testing::UnorderedElementsAre("/prompt", "/max_tokens", "/top_p"));
}

/// Members that no worker takes, and where the fault is.
constexpr std::pair<std::string_view, std::string_view> bad_shapes[] = {
    {R"("messages":7)", "/messages"},
    {R"("messages":[])", "/messages"},
    {R"("messages":[7])", "/messages/0"},
    {R"("messages":[{"content":"x"}])", "/messages/0/role"},
    {R"("messages":[{"role":"user"}])", "/messages/0/content"},
    {R"("messages":[{"role":"user","content":"x"},{"role":"user","content":7}])", "/messages/1/content"},
    {R"("messages":[{"role":"user","content":[7]}])", "/messages/0/content/0"},
    {R"("prompt":"x","stop":5)", "/stop"},
    {R"("prompt":"x","stop":["a",""])", "/stop"},
    {R"("prompt":"x","stop":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"])", "/stop"},
    {R"("prompt":"x","tools":3)", "/tools"},
    {R"("prompt":"x","tools":[{"type":"function"}])", "/tools/0"},
    {R"("prompt":"x","tool_choice":"required")", "/tool_choice"},
    {R"("prompt":"x","tool_choice":"some")", "/tool_choice"},
    {R"("prompt":"x","tool_choice":{"type":"function","function":{"name":"f"}})", "/tool_choice"},
    {R"("prompt":"x","response_format":7)", "/response_format"},
    {R"("prompt":"x","response_format":{"type":"xml"})", "/response_format/type"},
    {R"("prompt":"x","response_format":{"type":"json_schema"})", "/response_format/json_schema"},
    {R"("prompt":"x","n":3)", "/n"},
    {R"("prompt":"x","logprobs":true)", "/logprobs"},
    {R"("prompt":"x","top_logprobs":3)", "/top_logprobs"},
    {R"("prompt":"x","min_p":2)", "/min_p"},
    {R"("prompt":"x","presence_penalty":"x")", "/presence_penalty"},
    {R"("prompt":"x","logit_bias":7)", "/logit_bias"},
    {R"("prompt":"x","ignore_eos":1)", "/ignore_eos"},
};

TEST(TaskRequest, OfAShapeThatNoWorkerTakesIsRefusedAtOnce) {
    for (const auto& [members, pointer] : bad_shapes)
        EXPECT_THAT(faults_of(members), testing::ElementsAre(pointer)) << members;
}

TEST(TaskRequest, OfAShapeThatWorkersTakeIsTaken) {
    for (const auto* members :
         {R"("messages":[{"role":"system","content":"x"},{"role":"assistant","content":null}])",
          R"("messages":[{"role":"user","content":[{"type":"text","text":"x"}]}])", R"("prompt":"x","messages":null)",
          R"("prompt":"x","stop":"a")", R"("prompt":"x","stop":[])", R"("prompt":"x","stop":null,"tools":null)",
          R"("prompt":"x","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required")",
          R"("prompt":"x","tools":[{"function":{"name":"f"}}],"tool_choice":{"function":{"name":"f"}})",
          R"("prompt":"x","tool_choice":"none","n":1.0,"logprobs":false,"min_p":0.5,"ignore_eos":true)",
          R"("prompt":"x","response_format":{"type":"json_schema","json_schema":{"schema":{}}})",
          R"("prompt":"x","response_format":{"type":"json_object"},"logit_bias":{"7":-1},"anything":"else")"})
        EXPECT_THAT(faults_of(members), testing::IsEmpty()) << members;
}

TEST(TaskRequest, ReportsNoMoreFaultsThanADocumentMayHave) {
    std::string messages = "0";
    for (int count = 0; count < 500; ++count)
        messages += ",0";

    EXPECT_THAT(faults_of(R"("temperature":9,"messages":[)" + messages + "]"), testing::SizeIs(reflect::faults_max));
}

TEST(TaskRequest, NamesTheBoundThatItWentBeyond) {
    const auto longest = read_task_request(R"({"prompt": "a", "max_tokens": 1000001})");
    const auto deepest = read_task_request(std::string(65, '['));

    EXPECT_EQ(longest.error().limit, "max_tokens");
    EXPECT_THAT(longest.error().detail, testing::HasSubstr("1000000"));
    EXPECT_EQ(read_task_request(R"({"prompt": "a", "max_tokens": 1e30})").error().limit, "max_tokens");
    EXPECT_NE(deepest.error().hint, std::nullopt);
    EXPECT_NE(longest.error().hint, std::nullopt);
    EXPECT_EQ(deepest.error().limit, "json_depth_max");
    EXPECT_EQ(read_task_request(R"({"prompt": "a", "max_tokens": 0})").error().limit, std::nullopt);
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
    EXPECT_EQ(one.digest, read_task_request(R"({"prompt": "Hello", "max_tokens": 5.0})")->digest);
}

}  // namespace
}  // namespace rbees::control
