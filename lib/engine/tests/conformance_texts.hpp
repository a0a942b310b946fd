#pragma once
/// @file
/// The texts around a generation: tokenizer and chat template.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

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

}  // namespace rbees::engine::testing
