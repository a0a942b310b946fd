#pragma once
/// @file
/// What every chat engine says in events (`Frames::tokens`): the same as in a stream, each token once.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "conformance_continuation.hpp"
#include "event_reading.hpp"

namespace rbees::engine::testing {

class EventConformance : public ContinuationConformance {
  protected:
    Heard hear_call(Call call, std::size_t known = 0) {
        call.frames = Frames::tokens;
        return hear(*engine->start(std::move(call)), known);
    }

    /// Asks both ways and compares; then lets the answer break off behind each event, and another one go on.
    void expect_the_same_as_in_a_stream(Operation operation, const std::string& request, std::uint64_t most) {
        auto call = call_of(operation, request, most);
        const auto stream = receive(*engine->start(call));
        const auto whole = hear_call(call);
        ASSERT_TRUE(whole.started && whole.ended);
        EXPECT_EQ(whole.head.status, 200);
        EXPECT_EQ(whole.text(), stream.said);
        EXPECT_EQ(whole.ids(), stream.ids);
        EXPECT_EQ(boost::json::value_from(whole.started->prompt), stream.start.at("prompt_ids"));
        EXPECT_EQ(whole.started->seed, stream.start.at("seed").to_number<std::uint32_t>());
        EXPECT_EQ(whole.started->continuable, Continuable::yes);
        EXPECT_EQ(whole.started->left, Tokens(most));
        EXPECT_EQ(boost::json::parse(whole.started->sampling), stream.start.at("sampling"));
        expect_end(*whole.ended, stream, operation);
        expect_the_same_end_from_every_seam(call, whole, stream, most);
    }

    void expect_end(const Ended& end, const Received& stream, Operation operation) {
        EXPECT_EQ(end.stop_reason, stream.finish);
        EXPECT_EQ(end.prompt.value, stream.usage.at("prompt_tokens").to_number<std::uint64_t>());
        EXPECT_EQ(end.output.value, stream.usage.at("completion_tokens").to_number<std::uint64_t>());
        EXPECT_EQ(end.message.empty(), operation != Operation::chat);
        if (operation != Operation::chat) return;
        const auto message = boost::json::parse(end.message);
        EXPECT_EQ(message.at("role"), "assistant");
        EXPECT_EQ(said_in(message.as_object()), stream.said);
        const auto* calls = message.as_object().if_contains("tool_calls");
        if (calls == nullptr) return;
        const auto& call = calls->at(0);
        EXPECT_EQ(
            std::string(call.at("function").at("name").as_string()) + "/" + std::string(call.at("id").as_string()),
            stream.tool_call);
    }

    static std::string said_in(const boost::json::object& message) {
        std::string said;
        for (const auto* member : {"reasoning_content", "content"}) {
            const auto* text = message.if_contains(member);
            if (text != nullptr && text->is_string()) said += text->as_string();
        }
        const auto* calls = message.if_contains("tool_calls");
        if (calls != nullptr) said += calls->at(0).at("function").at("arguments").as_string();
        return said;
    }

    void expect_the_same_end_from_every_seam(Call call, const Heard& whole, const Received& stream,
                                             std::uint64_t most) {
        std::vector<std::size_t> behind;
        std::vector<std::string> texts;
        for (const auto& said : whole.said) {
            behind.push_back((behind.empty() ? 0 : behind.back()) + said.ids.size());
            texts.push_back((texts.empty() ? "" : texts.back()) + Heard{.said = {said}}.text());
        }
        for (const auto place : tried(behind)) {
            const auto ids = behind[place];
            const auto& before = texts[place];
            call.from = seam(stream, ids, most);
            const auto rest = hear_call(call, ids);
            ASSERT_TRUE(rest.ended) << "after " << ids << " tokens";
            EXPECT_EQ(before + rest.text(), whole.text()) << "after " << ids << " tokens";
            EXPECT_EQ(rest.started->left, Tokens(most - ids)) << "after " << ids << " tokens";
            EXPECT_EQ(rest.started->prompt, whole.started->prompt);
            EXPECT_EQ(rest.started->seed, whole.started->seed);
            EXPECT_EQ(rest.ended->output, whole.ended->output) << "after " << ids << " tokens";
            EXPECT_EQ(rest.ended->prompt, whole.ended->prompt) << "after " << ids << " tokens";
            EXPECT_EQ(rest.ended->message, whole.ended->message) << "after " << ids << " tokens";
            EXPECT_EQ(rest.ended->stop_reason, whole.ended->stop_reason) << "after " << ids << " tokens";
        }
    }

    void expect_refused(const std::string& more, const std::string& param) {
        const auto heard = hear_call({.operation = Operation::chat, .body = question + more + "}"});

        EXPECT_EQ(heard.head.status, 400) << more;
        ASSERT_TRUE(heard.error) << more;
        EXPECT_EQ(heard.error->status, 400);
        EXPECT_EQ(heard.error->param, param);
        EXPECT_FALSE(heard.started);
    }
};

TEST_P(EventConformance, SayTheSameTextAsAStream) {
    expect_the_same_as_in_a_stream(Operation::chat, question, 24);
}

TEST_P(EventConformance, SayTheSameCompletionAsAStream) {
    expect_the_same_as_in_a_stream(Operation::completion, R"({"prompt":"Bees make","temperature":0,"seed":7)", 16);
}

TEST_P(EventConformance, SayTheSameToolCallAsAStream) {
    expect_the_same_as_in_a_stream(Operation::chat, question_with_tool, 80);
}

TEST_P(EventConformance, SayTheSameInFrontOfAStopString) {
    expect_the_same_as_in_a_stream(Operation::chat, question_that_stops_early(24), 24);
}

TEST_P(EventConformance, SayThatAnAnswerOfAnOwnGrammarCannotGoOnElsewhere) {
    auto call = call_of(Operation::chat, question + R"(,"grammar":"root ::= \"yes\" | \"no\"")", 8);
    const auto whole = hear_call(call);
    ASSERT_TRUE(whole.started);
    EXPECT_EQ(whole.started->continuable, Continuable::no);

    call.from = Continuation{.prompt = whole.started->prompt,
                             .generated = {whole.ids().front()},
                             .seed = whole.started->seed,
                             .left = Tokens(7),
                             .sampling = whole.started->sampling,
                             .model_hash = engine->capabilities().model_hash};
    const auto rest = hear_call(call);
    ASSERT_TRUE(rest.error);
    EXPECT_EQ(rest.error->code, "not_continuable");
}

TEST_P(EventConformance, NeedNoStreamInTheBody) {
    const auto heard = hear_call({.operation = Operation::chat, .body = question + R"(,"max_tokens":4})"});

    ASSERT_TRUE(heard.ended);
    EXPECT_LE(heard.ids().size(), 4U);
}

TEST_P(EventConformance, RefuseWhatTheyHaveNoPlaceFor) {
    expect_refused(R"(,"n":2)", "n");
    expect_refused(R"(,"logprobs":true)", "logprobs");
    expect_refused(R"(,"temperature":"hot")", "temperature");
    const auto two = hear_call({.operation = Operation::completion, .body = R"({"prompt":["a","b"],"max_tokens":2})"});
    ASSERT_TRUE(two.error);
    EXPECT_EQ(two.error->param, "prompt");
}

TEST_P(EventConformance, EndWithAnErrorThatNamesThePromptsLength) {
    const auto many = "[" + std::string(R"({"role":"user","content":")") + [] {
        std::string words;
        for (int word = 0; word < 2000; ++word)
            words += "bee ";
        return words;
    }() + R"("}])";

    const auto heard = hear_call({.operation = Operation::chat, .body = R"({"messages":)" + many + "}"});

    ASSERT_TRUE(heard.error);
    EXPECT_EQ(heard.error->code, "context_length_exceeded");
    EXPECT_TRUE(heard.said.empty());
}

TEST_P(EventConformance, StopWithoutALastOneWhenCancelled) {
    auto call = call_of(Operation::chat, question + R"(,"ignore_eos":true)", 200);
    call.frames = Frames::tokens;
    const auto answer = engine->start(call);
    ASSERT_TRUE(answer->next_event());
    ASSERT_TRUE(answer->next_event());
    EXPECT_EQ(answer->next(), std::nullopt) << "frames and events are two things";

    answer->cancel();

    EXPECT_EQ(answer->next_event(), std::nullopt);
}

}  // namespace rbees::engine::testing
