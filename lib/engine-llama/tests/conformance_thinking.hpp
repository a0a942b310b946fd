#pragma once
/// @file
/// What llama.cpp does with a model whose template lets it think first. Included where the conformance tests are.

#include <string>

#include "engine_conformance.hpp"

namespace rbees::engine::testing {

/// A model that thinks first, for a number of tokens at most: what ends its thoughts is forced upon it then, and a
/// worker that goes on with its answer must know how far that is.
class ThinkingConformance : public ToolConformance {
  protected:
    void expect_thoughts(const std::string& request, std::uint64_t most) {
        const auto whole = receive(*engine->start(call_of(Operation::chat, request, most)));
        const auto reply = read_all(*engine->start(
            {.operation = Operation::chat, .body = request + R"(,"max_tokens":)" + std::to_string(most) + "}"}));
        const auto message = reply.json().at("choices").at(0).at("message").as_object();
        const auto* thought = message.if_contains("reasoning_content");
        ASSERT_TRUE(thought != nullptr && !thought->as_string().empty()) << reply.body;
        ASSERT_LT(thought->as_string().size(), whole.said.size()) << "the thoughts end";
    }

    /// An answer in which the model thought before it called.
    static std::string thoughtful() { return conversation(R"("content":"","reasoning_content":"I shall count")"); }

    static std::string budget(int tokens) { return R"(,"reasoning_budget_tokens":)" + std::to_string(tokens); }
};

TEST_P(ThinkingConformance, GoesOnWithThoughtsThatAreCutShortAtEverySeam) {
    const auto request = question + R"(,"ignore_eos":true)" + budget(6);
    expect_thoughts(request, 24);

    expect_the_same_from_every_seam(Operation::chat, request, 24);
    expect_the_same_as_in_a_stream(Operation::chat, request, 24);
}

TEST_P(ThinkingConformance, GoesOnWithACallBehindThoughtsAtEverySeam) {
    const auto request = thoughtful() + tools;
    expect_thoughts(request, most);
    ASSERT_NO_FATAL_FAILURE(expect_a_call(request));

    expect_the_same_from_every_seam(Operation::chat, request, most);
}

TEST_P(ThinkingConformance, GoesOnWithEventsOfACallBehindThoughtsThatAreCutShortAtEverySeam) {
    const auto request = thoughtful() + tools + budget(2);
    expect_thoughts(request, most);
    ASSERT_NO_FATAL_FAILURE(expect_a_call(request));

    expect_the_same_as_in_a_stream(Operation::chat, request, most);
}

TEST_P(ThinkingConformance, GoesOnWithACallBehindThoughtsHoweverOftenItPauses) {
    expect_the_same_with_pauses(Operation::chat, thoughtful() + tools, most, 5);
}

/// A schema binds from the first token on, thoughts included; it is fed with the same text as they are.
TEST_P(ThinkingConformance, GoesOnWithThoughtsInFrontOfASchemaAtEverySeam) {
    const auto request = question + budget(6) +
                         R"(,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":)" +
                         object_schema + "}}";
    expect_thoughts(request, most);

    expect_the_same_from_every_seam(Operation::chat, request, most);
}

}  // namespace rbees::engine::testing
