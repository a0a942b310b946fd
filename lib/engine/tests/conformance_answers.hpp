#pragma once
/// @file
/// What every chat engine answers.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

TEST_P(ChatConformance, AnswersAChatWithTextReasonAndUsage) {
    const auto reply = chat(brief);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(reply.head.content_type, "application/json");
    const auto json = reply.json();
    EXPECT_EQ(json.at("object"), "chat.completion");
    EXPECT_EQ(json.at("model").as_string(), engine->capabilities().model);
    EXPECT_EQ(json.at("choices").at(0).at("message").at("role"), "assistant");
    EXPECT_FALSE(json.at("choices").at(0).at("message").at("content").as_string().empty());
    const auto& usage = json.at("usage");
    EXPECT_GT(usage.at("prompt_tokens").as_int64(), 0);
    EXPECT_LE(usage.at("completion_tokens").as_int64(), 8);
    EXPECT_TRUE(usage.at("prompt_tokens_details").as_object().contains("cached_tokens"));
}

TEST_P(ChatConformance, SaysTheSameForTheSameSeedStreamedOrNot) {
    const auto whole = chat(brief);
    const auto again = chat(brief);
    const auto streamed = chat(brief + R"(,"stream":true)");

    const auto text = whole.json().at("choices").at(0).at("message").at("content");
    EXPECT_EQ(text, again.json().at("choices").at(0).at("message").at("content"));
    EXPECT_EQ(text.as_string(), streamed_text(frames_of(streamed.body)));
}

TEST_P(ChatConformance, EndsAStreamWithReasonUsageAndDone) {
    const auto reply = chat(brief + R"(,"stream":true,"stream_options":{"include_usage":true})");

    ASSERT_EQ(reply.head, (Head{200, "text/event-stream"})) << reply.body;
    const auto frames = frames_of(reply.body);
    ASSERT_GE(frames.size(), 4U);
    EXPECT_EQ(frames.front().json().at("choices").at(0).at("delta").at("role"), "assistant");
    EXPECT_TRUE(frames[frames.size() - 3].json().at("choices").at(0).at("finish_reason").is_string());
    EXPECT_GT(frames[frames.size() - 2].json().at("usage").at("completion_tokens").as_int64(), 0);
    EXPECT_EQ(frames.back().data, "[DONE]");
}

TEST_P(ChatConformance, LeavesTheUsageFrameOutUnlessAsked) {
    const auto frames = frames_of(chat(brief + R"(,"stream":true)").body);

    ASSERT_GE(frames.size(), 3U);
    EXPECT_TRUE(frames[frames.size() - 2].json().at("choices").at(0).at("finish_reason").is_string());
    EXPECT_EQ(frames.back().data, "[DONE]");
}

TEST_P(ChatConformance, StopsAtTheTokenLimitAndSaysSo) {
    for (const std::string limit : {R"(,"max_tokens":3)", R"(,"max_completion_tokens":3)"}) {
        const auto json = chat(limit + R"(,"ignore_eos":true)").json();

        EXPECT_EQ(json.at("choices").at(0).at("finish_reason"), "length");
        EXPECT_EQ(json.at("usage").at("completion_tokens").as_int64(), 3);
    }
}

TEST_P(ChatConformance, CutsTheTextBeforeAStopString) {
    const std::string plain = R"(,"max_tokens":24,"temperature":0,"seed":7,"ignore_eos":true)";
    const auto message = chat(plain).json().at("choices").at(0).at("message");
    const std::string text(message.at("content").as_string());
    const auto word = text.find(' ', 1);
    ASSERT_NE(word, std::string::npos) << text;
    const auto stop = text.substr(word, 3);

    const auto cut = chat(plain + R"(,"stop":[)" + boost::json::serialize(boost::json::string(stop)) + "]").json();

    EXPECT_EQ(cut.at("choices").at(0).at("finish_reason"), "stop");
    EXPECT_EQ(cut.at("choices").at(0).at("message").at("content").as_string(), text.substr(0, text.find(stop)));
}

TEST_P(ChatConformance, CompletesAPromptWithTextChunks) {
    const std::string body = R"({"prompt":"Bees make","max_tokens":6,"temperature":0,"seed":7)";
    const auto whole = ask(*engine, Operation::completion, body + "}");
    const auto streamed = ask(*engine, Operation::completion, body + R"(,"stream":true})");

    ASSERT_EQ(whole.head.status, 200) << whole.body;
    EXPECT_EQ(whole.json().at("object"), "text_completion");
    EXPECT_EQ(whole.json().at("choices").at(0).at("text").as_string(), streamed_text(frames_of(streamed.body)));
}

TEST_P(ChatConformance, ReusesWhatASlotStillHoldsOfThePrompt) {
    const std::string body =
        R"({"messages":[{"role":"user","content":"Tell me about the river, the garden and the small green house."}],)"
        R"("max_tokens":2})";
    (void)ask(*engine, Operation::chat, body);

    const auto usage = ask(*engine, Operation::chat, body).json().at("usage");

    EXPECT_GE(usage.at("prompt_tokens_details").at("cached_tokens").as_int64(),
              usage.at("prompt_tokens").as_int64() - 1);
}

TEST_P(ChatConformance, KeepsToAJsonSchema) {
    const auto reply =
        chat(R"(,"max_tokens":60,"response_format":{"type":"json_schema","json_schema":{"name":"answer",)"
             R"("schema":{"type":"object","properties":{"bees":{"enum":["few","many"]}},)"
             R"("required":["bees"],"additionalProperties":false}}})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const auto content = reply.json().at("choices").at(0).at("message").at("content");
    const auto value = boost::json::parse(std::string_view(content.as_string()));
    EXPECT_TRUE(value.at("bees") == "few" || value.at("bees") == "many") << content;
}

TEST_P(ChatConformance, CancelledBeforeItStartsGives499) {
    const auto answer = engine->start({.operation = Operation::chat,
                                       .body = R"({"messages":[{"role":"user","content":"x"}]})",
                                       .ids = TokenIds::left_out});
    answer->cancel();

    EXPECT_EQ(answer->head().status, 499);
}

TEST_P(ChatConformance, ACancelledStreamEndsWithoutDoneAndFreesItsSlot) {
    const auto answer = engine->start(
        {.operation = Operation::chat,
         .body = R"({"messages":[{"role":"user","content":"x"}],"stream":true,"max_tokens":500,"ignore_eos":true})",
         .ids = TokenIds::left_out});
    ASSERT_EQ(answer->head().status, 200);
    ASSERT_TRUE(answer->next());

    answer->cancel();
    std::string rest;
    while (auto piece = answer->next())
        rest += *piece;

    EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
    EXPECT_EQ(chat(brief).head.status, 200);
    EXPECT_EQ(engine->counters().slots_busy, 0U);
}

TEST_P(ChatConformance, CountsRequestsAndTokens) {
    const auto before = engine->counters();

    const auto usage = chat(brief).json().at("usage");

    const auto after = engine->counters();
    EXPECT_EQ(after.requests, before.requests + 1);
    EXPECT_EQ(after.tokens_in.value - before.tokens_in.value,
              static_cast<std::uint64_t>(usage.at("prompt_tokens").as_int64()));
    EXPECT_EQ(after.tokens_out.value - before.tokens_out.value,
              static_cast<std::uint64_t>(usage.at("completion_tokens").as_int64()));
}

}  // namespace rbees::engine::testing
