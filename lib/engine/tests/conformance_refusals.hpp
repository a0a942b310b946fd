#pragma once
/// @file
/// What every chat engine refuses, and how.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

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

}  // namespace rbees::engine::testing
