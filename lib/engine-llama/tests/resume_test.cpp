#include <gtest/gtest.h>

#include "models.hpp"
#include "resuming.hpp"

namespace rbees::engine::testing {
namespace {

/// Seams that a well-behaved caller never makes, and answers that cannot be brought back.
class ResumeTest : public ResumingTest {
  protected:
    void SetUp() override {
        engine = chat_engine();
        if (!engine) GTEST_SKIP() << no_model;
    }

    Reply go_on(const std::string& more, TokenIdList generated, std::uint64_t left = 6) {
        return go_on_with(
            {.operation = Operation::completion, .body = R"({"prompt":"Bees make","temperature":0)" + more + "}"},
            "Bees make", std::move(generated), left);
    }

    static std::string finish_of(const Reply& reply) {
        std::string finish;
        for (const auto& frame : frames_of(reply.body)) {
            if (!frame.event.empty() || frame.data == "[DONE]") continue;
            const auto reason = frame.json().at("choices").at(0).at("finish_reason");
            if (reason.is_string()) finish = reason.as_string();
        }
        return finish;
    }

    const std::string schema =
        R"(,"json_schema":{"type":"object","properties":{"bees":{"enum":["few","many"]}},"required":["bees"],)"
        R"("additionalProperties":false})";
};

TEST_F(ResumeTest, GeneratesTheIdsOfAnUnfinishedCharacterAgain) {
    auto bee = tokens(" honey 🐝");
    const auto whole = tokens(" honey");
    ASSERT_GT(bee.size(), whole.size() + 1);
    bee.pop_back();

    const auto reply = go_on(R"(,"ignore_eos":true)", bee);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_LT(first_index(reply), bee.size());
    EXPECT_GE(first_index(reply), whole.size());
}

TEST_F(ResumeTest, EndsAtOnceWhenTheIdsHoldAStopString) {
    const auto reply = go_on(R"(,"stop":["wax"])", tokens(" honey and wax for"));

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(finish_of(reply), "stop");
    EXPECT_EQ(streamed_text(frames_of(reply.body)), "");
    EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n"));
}

TEST_F(ResumeTest, EndsAtOnceBehindTheEndToken) {
    const auto reply = go_on("", tokens(" honey.<|im_end|>"));

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(finish_of(reply), "stop");
    EXPECT_EQ(streamed_text(frames_of(reply.body)), "");
}

TEST_F(ResumeTest, EndsAtOnceWhenTheContextIsFull) {
    const TokenIdList many(engine->capabilities().context.value, tokens(" honey").front());

    const auto reply = go_on("", many);

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(finish_of(reply), "length");
}

TEST_F(ResumeTest, RefusesATextThatTheGrammarWouldNotHaveAllowed) {
    expect_refused(go_on(schema, tokens("Honey and wax")));
    expect_refused(go_on(schema, tokens(R"({"bees": "none)")));

    EXPECT_EQ(go_on(schema, tokens(R"({"bees": "fe)"), 20).head.status, 200);
}

TEST_F(ResumeTest, SurvivesAnEndTokenInsideOfWhatAGrammarAllowed) {
    expect_refused(go_on(schema, tokens(R"({"bees":<|im_end|> "f)")));

    EXPECT_EQ(go_on("", tokens(" honey")).head.status, 200);
}

TEST_F(ResumeTest, RefusesAUsersOwnGrammar) {
    expect_refused(go_on(R"(,"grammar":"root ::= \" honey\" \" wax\"")", tokens(" honey")));
}

TEST_F(ResumeTest, RefusesIdsThatTheModelLacks) {
    EXPECT_EQ(go_on("", {99999999}).head.status, 400);
}

TEST_F(ResumeTest, DrawsTheSameNumbersEachTimeAtTheSameSeam) {
    const std::string warm = R"(,"temperature":2,"ignore_eos":true)";
    const auto honey = tokens(" honey honey honey honey");

    const auto once = streamed_text(frames_of(go_on(warm, honey, 12).body));
    const auto again = streamed_text(frames_of(go_on(warm, honey, 12).body));

    EXPECT_EQ(once, again);
}

}  // namespace
}  // namespace rbees::engine::testing
