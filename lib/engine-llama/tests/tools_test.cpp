#include <gtest/gtest.h>

#include "models.hpp"
#include "resuming.hpp"

namespace rbees::engine::testing {
namespace {

/// Seams inside of a tool call that may be made, where a well-behaved caller makes none.
class ToolsTest : public ResumingTest {
  protected:
    void SetUp() override {
        engine = tools_engine();
        if (!engine) GTEST_SKIP() << no_model;
    }

    Reply go_on(TokenIdList generated, std::uint64_t left = 40, const std::string& more = "") {
        return go_on_with(
            {.operation = Operation::chat,
             .body = R"({"messages":[{"role":"user","content":"Call count."}],"temperature":0,"stream":)"
                     R"(true,"stream_options":{"include_usage":true},"ignore_eos":true,"tools":[{"type":)"
                     R"("function","function":{"name":"count","parameters":{"type":"object","properties":)"
                     R"({"bees":{"enum":["few","many"]}},"required":["bees"],"additionalProperties":)"
                     R"(false}}}])" +
                     more + "}"},
            prompt, std::move(generated), left);
    }

    /// The rest keeps to the schema, and shows nothing of how a call begins.
    void expect_the_arguments(const std::string& so_far) {
        const auto reply = go_on(tokens(so_far), 12);
        ASSERT_EQ(reply.head.status, 200) << reply.body;
        const auto arguments = arguments_of(reply);
        EXPECT_TRUE(arguments.contains("few") || arguments.contains("many")) << reply.body;
    }

    static std::string arguments_of(const Reply& reply) {
        std::string arguments;
        for (const auto& frame : frames_of(reply.body)) {
            if (!frame.event.empty() || frame.data == "[DONE]") continue;
            for (const auto& choice : frame.json().at("choices").as_array()) {
                const auto* calls = choice.at("delta").as_object().if_contains("tool_calls");
                if (calls == nullptr) continue;
                const auto& function = calls->at(0).at("function").as_object();
                if (const auto* more = function.if_contains("arguments")) arguments += more->as_string();
            }
        }
        return arguments;
    }

    std::string prompt = "<|im_start|>user\nCall count.<|im_end|>\n<|im_start|>assistant\n";
};

/// Where a call begins with a single token.
class TokenToolsTest : public ToolsTest {
  protected:
    void SetUp() override {
        engine = token_tools_engine();
        if (!engine) GTEST_SKIP() << no_model;
        ASSERT_EQ(tokens("<jupyter_code>").size(), 1U);
    }
};

/// Where a call is known by the beginning of the answer.
class ChannelsTest : public ToolsTest {
  protected:
    void SetUp() override {
        engine = channels_engine();
        if (!engine) GTEST_SKIP() << no_model;
        prompt = "<|start|>user<|message|>Call count.<|end|>\n<|start|>assistant";
    }
};

TEST_F(ToolsTest, BindsTheModelFromATriggerOnThatCameBeforeTheSeam) {
    const auto reply = go_on(tokens("<tool_call>\n{\"name\": \"count\", \"arguments\": {\"bees\":"), 12);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const auto arguments = arguments_of(reply);
    EXPECT_TRUE(arguments.contains("few") || arguments.contains("many")) << reply.body;
    EXPECT_EQ(reply.body.find("<tool_call>"), std::string::npos);
}

TEST_F(ToolsTest, RefusesACallThatTheGrammarWouldNotHaveAllowed) {
    expect_refused(go_on(tokens("<tool_call>\n{\"name\": \"build\"")));
    expect_refused(go_on(tokens("Well.\n<tool_call>\n{\"name\": \"count\", \"arguments\": {\"bees\": \"none")));

    EXPECT_EQ(go_on(tokens("Well. {\"name\": \"build\"")).head.status, 200) << "that is text";
}

TEST_F(ToolsTest, GeneratesTheTokensOfHalfATriggerAgain) {
    auto half = tokens("Well.");
    const auto whole = half.size();
    for (const auto id : tokens("<tool_"))
        half.push_back(id);

    const auto reply = go_on(half, 5);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(first_index(reply), whole);
    EXPECT_TRUE(reply.body.contains(R"("completion_tokens":)" + std::to_string(half.size() + 5)))
        << "what was cut comes again, and then as many as were left: " << reply.body;
}

TEST_F(ToolsTest, RefusesHalfATriggerBehindTextThatWasSentWithIt) {
    const auto mixed = tokens("Well <");
    ASSERT_EQ(tokens(" <").size(), 1U) << "the space, which is text, and what may be a trigger are one token";

    expect_refused(go_on(mixed));
}

TEST_F(ToolsTest, SurvivesAnEndTokenInsideOfACall) {
    expect_refused(go_on(tokens("<tool_call>\n{\"name\":<|im_end|> \"count\"")));

    EXPECT_EQ(go_on(tokens("Well.")).head.status, 200);
}

TEST_F(ToolsTest, NeverShowsAnIdWhoseTextMayBecomeATrigger) {
    const auto reply = ask(*engine, Operation::chat,
                           R"({"messages":[{"role":"user","content":"Write: 1 < 2 < 3 < 4"}],"temperature":0,)"
                           R"("max_tokens":30,"stream":true,"logit_bias":[[" <",8]],"tools":[{"type":"function",)"
                           R"("function":{"name":"count"}}]})",
                           TokenIds::included);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const auto frames = frames_of(reply.body);
    ASSERT_TRUE(streamed_text(frames).contains(" <")) << reply.body;
    const auto half = tokens(" <").front();
    for (const auto& frame : frames) {
        if (frame.event != "rbees.ids") continue;
        const auto ids = boost::json::value_to<TokenIdList>(frame.json().at("ids"));
        EXPECT_TRUE(ids.empty() || ids.back() != half || &frame == &frames[frames.size() - 3]) << frame.data;
    }
}

TEST_F(TokenToolsTest, BindsTheModelFromTheTokenOn) {
    expect_the_arguments("<jupyter_code>\n{\"name\": \"count\", \"arguments\": {\"bees\":");
    expect_the_arguments("Well.\n<jupyter_code>\n{\"name\": \"count\", \"arguments\": {\"bees\":");
}

TEST_F(TokenToolsTest, RefusesACallThatTheGrammarWouldNotHaveAllowed) {
    expect_refused(go_on(tokens("<jupyter_code>\n{\"name\": \"build\"")));

    EXPECT_EQ(go_on(tokens("Well. {\"name\": \"build\"")).head.status, 200) << "that is text";
}

TEST_F(ChannelsTest, BindsTheModelFromTheBeginningOfTheAnswerOn) {
    expect_the_arguments(" to=functions.count<|channel|>commentary<|message|>{\"bees\":");
    expect_refused(go_on(tokens(" to=functions.build")));
}

TEST_F(ChannelsTest, TakesNothingBehindASeamForTheBeginningOfTheAnswer) {
    const auto want = tokens("<|channel|>final<|message|>I want");
    const auto to = tokens(" to");
    ASSERT_EQ(to.size(), 1U);
    const auto always = R"(,"logit_bias":[[)" + std::to_string(to.front()) + ",100]]";

    const auto reply = go_on(want, 4, always);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(streamed_text(frames_of(reply.body)), " to to to to");
}

}  // namespace
}  // namespace rbees::engine::testing
