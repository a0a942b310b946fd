#include "rbees/engine/request.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>

namespace rbees::engine {
namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

TEST(ReadGeneration, ReadsWhatSteersAnAnswer) {
    const auto request = read_generation(
        Operation::completion,
        object(R"({"prompt":"x","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"seed":-1,)"
               R"("stop":["a","b"],"n":2,"ignore_eos":true})"),
        4);

    ASSERT_TRUE(request);
    EXPECT_TRUE(request->stream && request->include_usage && request->ignore_eos);
    EXPECT_EQ(request->max_tokens, Tokens(5));
    EXPECT_EQ(request->seed, 0xffffffffU);
    EXPECT_EQ(request->stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(request->choices, 2U);
}

TEST(ReadGeneration, TakesNullForAbsent) {
    const auto request = read_generation(
        Operation::chat,
        object(R"({"messages":[{"role":"user","content":"x"}],"temperature":null,"stop":null,"max_tokens":null,)"
               R"("tools":null,"tool_choice":null,"response_format":null,"stream":null,"n":null,"seed":null})"),
        1);

    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->max_tokens, std::nullopt);
}

TEST(ReadGeneration, PrefersTheNewerNameOfTheTokenLimit) {
    const auto request =
        read_generation(Operation::completion, object(R"({"prompt":"x","max_tokens":5,"max_completion_tokens":9})"), 1);

    EXPECT_EQ(request->max_tokens, Tokens(9));
}

TEST(ReadGeneration, RefusesMoreStopsThanItsLimit) {
    boost::json::array stops(max_stops + 1, boost::json::value("x"));
    auto body = object(R"({"prompt":"x"})");
    body["stop"] = stops;

    EXPECT_EQ(read_generation(Operation::completion, body, 1).error().param, "stop");
}

TEST(ReadGeneration, LetsAnAssistantMessageLackContent) {
    EXPECT_TRUE(read_generation(
        Operation::chat,
        object(R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[]}]})"),
        1));
    EXPECT_FALSE(read_generation(Operation::chat, object(R"({"messages":[{"role":"user","content":null}]})"), 1));
}

TEST(ReadGeneration, KnowsTheToolThatAChoiceNames) {
    const std::string start = R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":)"
                              R"({"name":"look"}}],"tool_choice":{"type":"function","function":{"name":")";

    EXPECT_TRUE(read_generation(Operation::chat, object(start + R"(look"}}})"), 1));
    EXPECT_EQ(read_generation(Operation::chat, object(start + R"(jump"}}})"), 1).error().param, "tool_choice");
}

TEST(ReadGeneration, TakesWholeNumbersWithAPointAndNoOthers) {
    const auto limit = [](std::string_view number) {
        const auto text = R"({"prompt":"x","seed":)" + std::string(number) + "}";
        const auto read = read_generation(Operation::completion, *parse_body(text), 1);
        return read ? std::to_string(*read->seed) : read.error().param;
    };

    EXPECT_EQ(limit("7.0"), "7");
    EXPECT_EQ(limit("7.5"), "seed");
    EXPECT_EQ(limit("9223372036854775808.0"), "seed");
    EXPECT_EQ(limit("-1e300"), "seed");
}

TEST(ReadEmbedding, ReadsTextsAndTokenLists) {
    EXPECT_EQ(read_embedding(object(R"({"input":"x"})"))->inputs.size(), 1U);
    EXPECT_EQ(read_embedding(object(R"({"input":["x","y"]})"))->inputs.size(), 2U);
    EXPECT_EQ(read_embedding(object(R"({"input":[1,2,3]})"))->inputs.size(), 1U);
    EXPECT_EQ(read_embedding(object(R"({"input":[[1],[2]]})"))->inputs.size(), 2U);
    EXPECT_EQ(read_embedding(object(R"({"input":[1,"x"]})")).error().param, "input");
    EXPECT_EQ(read_embedding(object(R"({})")).error().param, "input");
}

TEST(ParseBody, RefusesNestingOverItsLimit) {
    const std::string deep = R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}";

    EXPECT_EQ(parse_body(deep).error().status, 400);
}

RC_GTEST_PROP(ParseBody, ReadsOrRefusesAnyBytes, (const std::string& text)) {
    const auto body = parse_body(text);

    const bool expected = body || body.error().status == 400;
    RC_ASSERT(expected);
}

}  // namespace
}  // namespace rbees::engine
