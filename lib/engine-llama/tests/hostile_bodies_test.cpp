#include <chat-peg-parser.h>
#include <gtest/gtest.h>

#include "engine_reading.hpp"
#include "load.hpp"
#include "models.hpp"
#include "task_reader.hpp"

namespace rbees::engine::testing {
namespace {

/// Bodies that would end or stop the whole process, with everybody's work, if they reached llama.cpp as they are.
class HostileBodyTest : public ::testing::Test {
  protected:
    void SetUp() override {
        engine = chat_engine();
        if (!engine) GTEST_SKIP() << no_model;
    }

    Reply complete(const std::string& more) {
        return ask(*engine, Operation::completion, R"({"prompt":"Bees are","max_tokens":6,)" + more + "}");
    }

    std::shared_ptr<Engine> engine;
};

TEST_F(HostileBodyTest, WhatIsInternalToTheEngineIsNotTakenFromClients) {
    EXPECT_EQ(complete(R"("grammar":"root ::= \"yes\"","grammar_triggers":[{"type":99,"value":"x"}])").head.status,
              200);
    EXPECT_EQ(complete(R"("chat_parser":"{\"parsers\":[{\"type\":\"literal\",\"literal\":\"zzz\"}]}")").head.status,
              200);
    EXPECT_EQ(complete(R"("n_cmpl":2)").json().at("choices").as_array().size(), 1U);
}

TEST_F(HostileBodyTest, ADeadEndOfAGrammarEndsItsRequestAloneAndSaysSo) {
    for (const std::string more : {R"("top_k":1)", R"("temperature":0)"}) {
        const auto reply = complete(R"("grammar":"root ::= \"a\" [^\\x00-\\U0010FFFF]",)" + more);

        EXPECT_EQ(reply.head.status, 500) << reply.body;
        EXPECT_EQ(reply.json().at("error").at("message"), "The grammar allows nothing after what the model wrote.");
    }
    EXPECT_EQ(complete(R"("temperature":0)").head.status, 200);
    EXPECT_EQ(engine->counters().slots_busy, 0U);
}

TEST_F(HostileBodyTest, BannedTokensAreTakenWhereAGrammarAllowsNoOthers) {
    const auto reply = complete(
        R"("grammar":"root ::= \"yes\"","top_k":1,"logit_bias":[["yes",false],["y",false],["ye",false],["es",-1e39]])");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(reply.json().at("choices").at(0).at("text"), "yes");
}

TEST_F(HostileBodyTest, AGrammarEndsAnAnswerThatWasToIgnoreItsEnd) {
    const auto reply = complete(R"("grammar":"root ::= \"yes\"","ignore_eos":true)");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(reply.json().at("choices").at(0).at("finish_reason"), "stop");
}

TEST_F(HostileBodyTest, ValuesThatCostWithoutLimitAreRefusedByName) {
    const std::pair<std::string, std::string> cases[] = {
        {"repeat_last_n", R"("repeat_last_n":2147483647)"},
        {"repeat_last_n", R"("repeat_last_n":"many")"},
        {"dry_penalty_last_n", R"("dry_penalty_last_n":2147483647)"},
        {"samplers", R"("samplers":["top_k","infill"])"},
        {"samplers", R"("samplers":"ki")"},
    };
    for (const auto& [param, more] : cases) {
        const auto reply = complete(more);

        EXPECT_EQ(reply.head.status, 400) << more;
        EXPECT_EQ(reply.json().at("error").at("param").as_string(), param) << more;
    }
    EXPECT_EQ(complete(R"("repeat_last_n":64,"samplers":["top_k","temperature"])").head.status, 200);
}

TEST(TaskReader, GivesAnErrorForAnAnswerThatDoesNotFitItsFormat) {
    const auto file = model_file("smollm2.sh");
    if (!file) GTEST_SKIP() << no_model;
    const auto core = load_core({.model_path = *file,
                                 .model_name = "m",
                                 .slots = 1,
                                 .context = Tokens(256),
                                 .threads = 1,
                                 .batch = 32,
                                 .gpu_layers = 0,
                                 .model_hash = "test"},
                                {}, Logger());
    ASSERT_TRUE(core);
    (*core)->run();
    TaskReader reader(*core);
    std::vector<server_task> tasks;
    auto& task = tasks.emplace_back(SERVER_TASK_TYPE_COMPLETION);
    task.id = reader.new_id();
    task.tokens = server_tokens(llama_tokens{1, 2, 3}, false);
    task.params.n_predict = 3;
    task.params.chat_parser_params.parser = build_chat_peg_parser(
        [](common_chat_peg_builder& parser) { return parser.literal("never said") + parser.end(); });
    ASSERT_TRUE(reader.post(std::move(tasks)));

    const auto result = reader.next();

    ASSERT_TRUE(result);
    EXPECT_TRUE(result->is_error());
    EXPECT_FALSE(reader.next());
    EXPECT_EQ((*core)->counters().slots_busy, 0U);
}

}  // namespace
}  // namespace rbees::engine::testing
