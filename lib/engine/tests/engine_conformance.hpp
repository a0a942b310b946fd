#pragma once
/// @file
/// What every engine must do, as tests. A test program includes this once and instantiates `ChatConformance` with a
/// function that gives a chat engine; one engine may serve all tests.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine_reading.hpp"

namespace rbees::engine::testing {

/// Gives the engine under test, or null pointer where it cannot be had (the test says "not run" then).
using EngineSource = std::function<std::shared_ptr<Engine>()>;

class ChatConformance : public ::testing::TestWithParam<EngineSource> {
  protected:
    void SetUp() override {
        engine = GetParam()();
        if (!engine) GTEST_SKIP();
    }

    Reply chat(const std::string& more = "", TokenIds ids = TokenIds::left_out) {
        return ask(*engine, Operation::chat, R"({"messages":[{"role":"user","content":"Name a colour."}])" + more + "}",
                   ids);
    }

    std::shared_ptr<Engine> engine;
    const std::string brief = R"(,"max_tokens":8,"temperature":0,"seed":7)";
};

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

TEST_P(ChatConformance, PutsStartFirstAndIdsBeforeEachFrameWhenAsked) {
    const auto reply = chat(brief + R"(,"stream":true)", TokenIds::included);

    const auto frames = frames_of(reply.body);
    ASSERT_GE(frames.size(), 5U) << reply.body;
    EXPECT_EQ(frames[0].event, "rbees.start");
    const auto start = frames[0].json();
    EXPECT_FALSE(start.at("prompt_ids").as_array().empty());
    EXPECT_EQ(start.at("seed"), 7);
    EXPECT_EQ(start.at("model_hash").as_string(), engine->capabilities().model_hash);
    EXPECT_TRUE(start.at("continuable").as_bool());
    EXPECT_TRUE(start.at("sampling").is_object());
    EXPECT_EQ(frames[1].event, "rbees.ids");
    EXPECT_EQ(frames[2].event, "");
    boost::json::array ids;
    for (const auto& frame : frames) {
        if (frame.event != "rbees.ids") continue;
        const auto json = frame.json();
        EXPECT_EQ(static_cast<std::size_t>(json.at("i").as_int64()), ids.size());
        for (const auto& id : json.at("ids").as_array())
            ids.push_back(id);
    }
    const auto request = boost::json::serialize(boost::json::object{{"tokens", ids}});
    const auto text = ask(*engine, Operation::detokenize, request).json().at("content");
    EXPECT_TRUE(text.as_string().starts_with(streamed_text(frames))) << text << " / " << streamed_text(frames);
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

TEST_P(ChatConformance, TokenizesAndDetokenizesTextUnchanged) {
    const std::string text = "The quiet hive \xE2\x80\x94 12 bees, caf\xC3\xA9, \xF0\x9F\x90\x9D!";
    const auto request = boost::json::serialize(boost::json::object{{"content", text}});

    const auto tokens = ask(*engine, Operation::tokenize, request);
    ASSERT_EQ(tokens.head.status, 200) << tokens.body;
    const auto back = ask(*engine, Operation::detokenize, tokens.body);

    EXPECT_EQ(back.json().at("content").as_string(), text);
}

TEST_P(ChatConformance, RendersTheChatTemplate) {
    const auto reply =
        ask(*engine, Operation::apply_template, R"({"messages":[{"role":"user","content":"Hello hive"}]})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_NE(reply.json().at("prompt").as_string().find("Hello hive"), boost::json::string::npos);
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

TEST_P(ChatConformance, RefusesAPromptLongerThanTheContextWithBothNumbers) {
    const auto context = engine->capabilities().context.value;
    std::string text;
    for (std::uint64_t i = 0; i < context + 10; ++i)
        text += " river";

    for (const std::string stream : {"false", "true"}) {
        const auto reply =
            ask(*engine, Operation::completion, R"({"prompt":")" + text + R"(","stream":)" + stream + "}");

        EXPECT_EQ(reply.head, (Head{400, "application/json"}));
        EXPECT_EQ(reply.error_code(), "context_length_exceeded");
        const std::string message(reply.json().at("error").at("message").as_string());
        EXPECT_NE(message.find(std::to_string(context)), std::string::npos) << message;
        EXPECT_NE(message.find(std::to_string(context + 10).substr(0, 3)), std::string::npos) << message;
    }
}

TEST_P(ChatConformance, RefusesBadParametersWith400AndTheirName) {
    const std::pair<std::string, std::string> cases[] = {
        {"temperature", R"(,"temperature":"hot")"},
        {"temperature", R"(,"temperature":9)"},
        {"top_p", R"(,"top_p":-1)"},
        {"max_tokens", R"(,"max_tokens":0)"},
        {"max_tokens", R"(,"max_tokens":"many")"},
        {"stop", R"(,"stop":5)"},
        {"n", R"(,"n":0)"},
        {"n", R"(,"n":1000)"},
        {"stream", R"(,"stream":"yes")"},
        {"stream_options", R"(,"stream_options":{"include_usage":true})"},
        {"response_format", R"(,"response_format":{"type":"xml"})"},
        {"tools", R"(,"tools":[{"type":"function"}])"},
        {"tool_choice", R"(,"tool_choice":"required")"},
    };
    for (const auto& [param, more] : cases) {
        const auto reply = chat(more);

        EXPECT_EQ(reply.head.status, 400) << more;
        const auto error = reply.json().at("error");
        EXPECT_EQ(error.at("param").as_string(), param) << more;
        EXPECT_EQ(error.at("type"), "invalid_request_error");
        EXPECT_FALSE(error.at("message").as_string().empty());
        EXPECT_TRUE(error.at("code").is_null() || error.at("code").is_string());
    }
}

TEST_P(ChatConformance, RefusesBodiesWithoutMessagesOrPrompt) {
    EXPECT_EQ(ask(*engine, Operation::chat, "{}").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::chat, R"({"messages":[]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::chat, R"({"messages":[{"role":"king","content":"x"}]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::completion, R"({"prompt":{}})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::tokenize, R"({"content":1})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::detokenize, R"({"tokens":["a"]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::chat, "[1]").head.status, 400);
}

TEST_P(ChatConformance, HasNoEmbeddingsInAChatModel) {
    const auto reply = ask(*engine, Operation::embedding, R"({"input":"x"})");

    EXPECT_EQ(reply.head.status, 501);
    EXPECT_EQ(reply.error_code(), "not_supported");
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

/// The same for embedding models.
class EmbeddingConformance : public ChatConformance {};

TEST_P(EmbeddingConformance, EmbedsTextsInOrderWithUsage) {
    const auto reply = ask(*engine, Operation::embedding, R"({"input":["the quiet river","honey"]})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const auto json = reply.json();
    EXPECT_EQ(json.at("object"), "list");
    ASSERT_EQ(json.at("data").as_array().size(), 2U);
    EXPECT_EQ(json.at("data").at(1).at("index"), 1);
    EXPECT_GT(json.at("data").at(0).at("embedding").as_array().size(), 100U);
    EXPECT_GT(json.at("usage").at("prompt_tokens").as_int64(), 0);
    EXPECT_EQ(json.at("model").as_string(), engine->capabilities().model);
}

TEST_P(EmbeddingConformance, GivesTheSameNumbersAsBase64) {
    const auto floats = ask(*engine, Operation::embedding, R"({"input":"honey"})").json().at("data").at(0);
    const auto text = ask(*engine, Operation::embedding, R"({"input":"honey","encoding_format":"base64"})").json();

    const auto dimensions = floats.at("embedding").as_array().size();
    EXPECT_EQ(text.at("data").at(0).at("embedding").as_string().size(), (dimensions * 4 + 2) / 3 * 4);
}

TEST_P(EmbeddingConformance, PutsRelatedTextsCloserThanUnrelatedOnes) {
    const auto json = ask(*engine, Operation::embedding,
                          R"({"input":["a quiet green river","the quiet green river","honey for people"]})")
                          .json();
    const auto cosine = [&](std::size_t a, std::size_t b) {
        const auto first = boost::json::value_to<std::vector<double>>(json.at("data").at(a).at("embedding"));
        const auto second = boost::json::value_to<std::vector<double>>(json.at("data").at(b).at("embedding"));
        double sum = 0;
        for (std::size_t i = 0; i < first.size(); ++i)
            sum += first[i] * second[i];
        return sum;
    };

    EXPECT_NEAR(cosine(0, 0), 1, 1e-3);
    EXPECT_GT(cosine(0, 1), cosine(0, 2));
}

TEST_P(EmbeddingConformance, RefusesWhatItCannotEmbed) {
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":""})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":[]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":"x","encoding_format":"hex"})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::chat, R"({"messages":[{"role":"user","content":"x"}]})").head.status, 501);
}

TEST_P(EmbeddingConformance, RefusesATextLongerThanTheContext) {
    std::string text;
    for (std::uint64_t i = 0; i < engine->capabilities().context.value + 10; ++i)
        text += "river ";

    const auto reply = ask(*engine, Operation::embedding, R"({"input":")" + text + R"("})");

    EXPECT_EQ(reply.head.status, 400);
    EXPECT_EQ(reply.error_code(), "context_length_exceeded");
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChatConformance);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EmbeddingConformance);

}  // namespace rbees::engine::testing
