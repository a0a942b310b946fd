#pragma once
/// @file
/// What every chat engine does with an answer that broke off elsewhere: it goes on at any seam, and nobody can tell.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

/// What a client has of a stream, and what orcd keeps to let another worker go on.
struct Received {
    boost::json::value start;
    TokenIdList ids;
    std::string said;  ///< what was thought, content, text, and the arguments of tool calls, in order
    std::string finish;
    boost::json::value usage;
    std::vector<std::pair<std::size_t, std::size_t>> seams;  ///< ids and bytes of `said` after each data frame
    std::size_t roles = 0;
    std::string tool_call;  ///< name and id
};

inline void take_chunk(Received& received, const boost::json::value& chunk) {
    if (const auto* usage = chunk.as_object().if_contains("usage"); usage != nullptr && usage->is_object())
        received.usage = *usage;
    for (const auto& choice : chunk.at("choices").as_array()) {
        if (choice.at("finish_reason").is_string()) received.finish = choice.at("finish_reason").as_string();
        if (const auto* text = choice.as_object().if_contains("text")) received.said += text->as_string();
        const auto* delta = choice.as_object().if_contains("delta");
        if (delta == nullptr) continue;
        const auto& members = delta->as_object();
        if (members.contains("role")) ++received.roles;
        if (const auto* thought = members.if_contains("reasoning_content")) received.said += thought->as_string();
        if (const auto* content = members.if_contains("content"); content != nullptr && content->is_string())
            received.said += content->as_string();
        const auto* calls = members.if_contains("tool_calls");
        if (calls == nullptr) continue;
        const auto& call = calls->at(0).as_object();
        const auto& function = call.at("function").as_object();
        if (call.contains("id"))
            received.tool_call +=
                std::string(function.at("name").as_string()) + "/" + std::string(call.at("id").as_string());
        if (const auto* arguments = function.if_contains("arguments")) received.said += arguments->as_string();
    }
}

inline Received receive(Answer& answer, std::size_t known = 0) {
    const auto reply = read_all(answer);
    EXPECT_EQ(reply.head.status, 200) << reply.body;
    Received received;
    TokenIdList next;
    for (const auto& frame : frames_of(reply.body)) {
        if (frame.data == "[DONE]") continue;
        if (frame.event == "rbees.start") received.start = frame.json();
        if (frame.event == "rbees.ids") {
            EXPECT_EQ(frame.json().at("i").to_number<std::size_t>(), known + received.ids.size());
            next = boost::json::value_to<TokenIdList>(frame.json().at("ids"));
        }
        if (!frame.event.empty()) continue;
        take_chunk(received, frame.json());
        received.ids.insert(received.ids.end(), next.begin(), next.end());
        next.clear();
        received.seams.emplace_back(received.ids.size(), received.said.size());
    }
    return received;
}

/// Lets every answer break off behind each of its frames, and another one go on from there.
class ContinuationConformance : public ChatConformance {
  protected:
    /// `request` without its last brace.
    static Call call_of(Operation operation, const std::string& request, std::uint64_t most) {
        const auto limit = R"(,"stream":true,"stream_options":{"include_usage":true},"max_tokens":)";
        return {.operation = operation,
                .body = request + limit + std::to_string(most) + "}",
                .ids = TokenIds::included,
                .task = "t-1"};
    }

    Continuation seam(const Received& whole, std::size_t ids, std::uint64_t most) const {
        return {.prompt = boost::json::value_to<TokenIdList>(whole.start.at("prompt_ids")),
                .generated = {whole.ids.begin(), whole.ids.begin() + static_cast<std::ptrdiff_t>(ids)},
                .seed = whole.start.at("seed").to_number<std::uint32_t>(),
                .left = Tokens(most - ids),
                .sampling = boost::json::serialize(whole.start.at("sampling")),
                .model_hash = std::string(whole.start.at("model_hash").as_string())};
    }

    void expect_the_same_from_every_seam(Operation operation, const std::string& request, std::uint64_t most) {
        auto call = call_of(operation, request, most);
        const auto whole = receive(*engine->start(call));
        ASSERT_TRUE(whole.start.at("continuable").as_bool());
        ASSERT_GE(whole.seams.size(), 3U);
        for (const auto& [ids, bytes] : whole.seams) {
            call.from = seam(whole, ids, most);
            const auto rest = receive(*engine->start(call), ids);

            EXPECT_EQ(whole.said.substr(0, bytes) + rest.said, whole.said) << "after " << ids << " tokens";
            if (!rest.tool_call.empty()) {
                EXPECT_EQ(rest.tool_call, whole.tool_call) << "after " << ids << " tokens";
            }
            EXPECT_EQ(rest.finish, whole.finish) << "after " << ids << " tokens";
            if (ids > 0) {
                EXPECT_EQ(rest.roles, 0U) << "after " << ids << " tokens";
            }
            for (const auto* count : {"prompt_tokens", "completion_tokens"})
                EXPECT_EQ(rest.usage.at(count), whole.usage.at(count)) << count << " after " << ids << " tokens";
            EXPECT_EQ(rest.start.at("prompt_ids"), whole.start.at("prompt_ids"));
            EXPECT_EQ(rest.start.at("seed"), whole.start.at("seed"));
        }
    }

    const std::string question = R"({"messages":[{"role":"user","content":"Name a colour."}],"temperature":0,"seed":7)";
    const std::string object_schema =
        R"({"type":"object","properties":{"bees":{"enum":["few","many"]},"hives":{"type":"integer","maximum":99}},)"
        R"("required":["bees","hives"],"additionalProperties":false})";
    const std::string question_with_tool =
        question + R"(,"tool_choice":"required","tools":[{"type":"function","function":{"name":"count","parameters":)" +
        object_schema + "}}]";

    /// With a stop string that stands in the middle of the answer of so many tokens.
    std::string question_that_stops_early(std::uint64_t most) {
        const auto endless = question + R"(,"ignore_eos":true)";
        const auto plain = receive(*engine->start(call_of(Operation::chat, endless, most)));
        const auto word = plain.said.find(' ', plain.said.size() / 2);
        EXPECT_NE(word, std::string::npos) << plain.said;
        if (word == std::string::npos) return question;
        const boost::json::string stop(plain.said.substr(word, 5));
        return endless + R"(,"stop":[)" + boost::json::serialize(stop) + "]";
    }
};

TEST_P(ContinuationConformance, GoesOnWithATextAtEverySeam) {
    expect_the_same_from_every_seam(Operation::chat, question, 24);
}

TEST_P(ContinuationConformance, GoesOnWithACompletionAtEverySeam) {
    expect_the_same_from_every_seam(Operation::completion, R"({"prompt":"Bees make","temperature":0,"seed":7)", 16);
}

TEST_P(ContinuationConformance, GoesOnWithASchemaAnswerAtEverySeam) {
    expect_the_same_from_every_seam(
        Operation::chat,
        question + R"(,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":)" +
            object_schema + "}}",
        60);
}

TEST_P(ContinuationConformance, GoesOnWithAToolCallAtEverySeam) {
    expect_the_same_from_every_seam(Operation::chat, question_with_tool, 80);
}

TEST_P(ContinuationConformance, GoesOnInFrontOfAStopString) {
    expect_the_same_from_every_seam(Operation::chat, question_that_stops_early(24), 24);
}

TEST_P(ContinuationConformance, EndsAtOnceWhenNoTokenIsLeft) {
    auto call = call_of(Operation::chat, question + R"(,"ignore_eos":true)", 6);
    const auto whole = receive(*engine->start(call));
    call.from = seam(whole, 6, 6);

    const auto rest = receive(*engine->start(call), 6);

    EXPECT_TRUE(rest.said.empty()) << rest.said;
    EXPECT_EQ(rest.finish, "length");
    EXPECT_EQ(rest.usage.at("completion_tokens"), 6);
}

TEST_P(ContinuationConformance, RefusesSeveralChoices) {
    auto call = call_of(Operation::chat, question + R"(,"n":2)", 6);
    call.from = Continuation{.prompt = {1}, .left = Tokens(6), .model_hash = engine->capabilities().model_hash};

    const auto reply = read_all(*engine->start(call));

    EXPECT_EQ(reply.head.status, 409);
    EXPECT_EQ(reply.error_code(), "not_continuable");
}

TEST_P(ContinuationConformance, RefusesAnAnswerOfAnotherModel) {
    auto call = call_of(Operation::chat, question, 6);
    call.from = Continuation{.prompt = {1}, .left = Tokens(6), .model_hash = "another"};

    const auto reply = read_all(*engine->start(call));

    EXPECT_EQ(reply.head.status, 409);
    EXPECT_EQ(reply.error_code(), "not_continuable");
}

}  // namespace rbees::engine::testing
