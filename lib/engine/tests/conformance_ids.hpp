#pragma once
/// @file
/// The ids of what every chat engine answers: of tokens and answers.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

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

TEST_P(ChatConformance, NamesTheAnswerAfterItsTask) {
    const auto answer = engine->start({.operation = Operation::chat,
                                       .body = R"({"messages":[{"role":"user","content":"x"}],"max_tokens":2})",
                                       .ids = TokenIds::left_out,
                                       .task = "task-7"});

    EXPECT_EQ(read_all(*answer).json().at("id"), "chatcmpl-task-7");
}

}  // namespace rbees::engine::testing
