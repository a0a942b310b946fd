#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "engine_reading.hpp"
#include "models.hpp"

namespace rbees::engine::testing {
namespace {

class LlamaTest : public ::testing::Test {
  protected:
    void SetUp() override {
        engine = chat_engine();
        if (!engine) GTEST_SKIP() << no_model;
    }

    /// Waits for an event; the deadline only bounds a failure.
    template <class Condition>
    static bool await(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }

    std::shared_ptr<Engine> engine;
    const std::string long_prompt = [] {
        std::string text;
        for (int i = 0; i < 480; ++i)
            text += " river";
        return text;
    }();
};

TEST_F(LlamaTest, ACancelDuringAPromptFreesTheSlotWhileAnotherStreamGoesOn) {
    const auto other =
        engine->start({.operation = Operation::completion,
                       .body = R"({"prompt":"Bees","stream":true,"max_tokens":120,"temperature":0,"ignore_eos":true})",
                       .ids = TokenIds::left_out});
    ASSERT_EQ(other->head().status, 200);
    const auto leaving = engine->start({.operation = Operation::completion,
                                        .body = R"({"prompt":")" + long_prompt + R"(","cache_prompt":false})",
                                        .ids = TokenIds::left_out});
    std::atomic<int> status = 0;
    std::thread reader([&] { status = leaving->head().status; });
    EXPECT_TRUE(await([&] { return engine->counters().slots_busy == 2; }));

    leaving->cancel();
    reader.join();

    EXPECT_EQ(status, 499);
    EXPECT_TRUE(await([&] { return engine->counters().slots_busy < 2; }));
    std::string rest;
    while (auto piece = other->next())
        rest += *piece;
    EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n")) << rest;
}

TEST_F(LlamaTest, ARequestThatWaitsForASlotCanBeCancelled) {
    std::vector<std::unique_ptr<Answer>> busy;
    for (std::uint32_t i = 0; i < engine->capabilities().slots; ++i) {
        busy.push_back(engine->start({.operation = Operation::completion,
                                      .body = R"({"prompt":"Bees","stream":true,"max_tokens":400,"ignore_eos":true})",
                                      .ids = TokenIds::left_out}));
        ASSERT_EQ(busy.back()->head().status, 200);
    }
    const auto waiting =
        engine->start({.operation = Operation::completion, .body = R"({"prompt":"Hello"})", .ids = TokenIds::left_out});
    std::atomic<int> status = 0;
    std::thread reader([&] { status = waiting->head().status; });
    EXPECT_TRUE(await([&] { return engine->counters().queued == 1; }));

    waiting->cancel();
    reader.join();

    EXPECT_EQ(status, 499);
    EXPECT_TRUE(await([&] { return engine->counters().queued == 0; }));
}

TEST_F(LlamaTest, GivesSeveralChoicesWithOneUsageThatCountsThemAll) {
    const auto reply =
        ask(*engine, Operation::completion, R"({"prompt":"Bees","n":2,"max_tokens":5,"ignore_eos":true})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(reply.json().at("choices").as_array().size(), 2U);
    EXPECT_EQ(reply.json().at("usage").at("completion_tokens"), 10);
}

TEST_F(LlamaTest, AnswersSeveralPromptsInOneRequest) {
    const auto reply =
        ask(*engine, Operation::completion, R"({"prompt":["Bees","Honey"],"max_tokens":5,"ignore_eos":true})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    EXPECT_EQ(reply.json().at("choices").as_array().size(), 2U);
    EXPECT_EQ(reply.json().at("usage").at("completion_tokens"), 10);
}

TEST_F(LlamaTest, StreamsOneUsageFrameForSeveralChoices) {
    const auto reply = ask(*engine, Operation::chat,
                           R"({"messages":[{"role":"user","content":"Hi"}],"n":2,"max_tokens":4,"stream":true,)"
                           R"("ignore_eos":true,"stream_options":{"include_usage":true}})");

    std::size_t usages = 0;
    for (const auto& frame : frames_of(reply.body)) {
        if (frame.data == "[DONE]" || !frame.json().as_object().contains("usage")) continue;
        ++usages;
        EXPECT_EQ(frame.json().at("usage").at("completion_tokens"), 8);
    }
    EXPECT_EQ(usages, 1U);
}

/// What the engine measured for itself, as the end of an answer tells it.
double generating_seconds(const boost::json::value& answer) {
    return answer.at("timings").at("predicted_ms").to_number<double>() / 1e3;
}

TEST_F(LlamaTest, CountsTheTimeOfAWholeAnswerAndOfAStreamByTheEnginesOwnClock) {
    const std::string body = R"({"prompt":"Bees","max_tokens":12,"temperature":0,"ignore_eos":true,"stream":)";
    const auto before = engine->counters();
    const auto whole = ask(*engine, Operation::completion, body + "false}").json();
    const auto between = engine->counters();
    const auto frames = frames_of(ask(*engine, Operation::completion, body + "true}").body);
    const auto after = engine->counters();

    ASSERT_GE(frames.size(), 2U);
    EXPECT_GT(generating_seconds(whole), 0);
    EXPECT_NEAR(between.decode_seconds - before.decode_seconds, generating_seconds(whole), 1e-5);
    EXPECT_NEAR(after.decode_seconds - between.decode_seconds, generating_seconds(frames[frames.size() - 2].json()),
                1e-5);
    EXPECT_EQ(after.tokens_out.value - before.tokens_out.value, 24U);
    EXPECT_GT(between.prefill_seconds, before.prefill_seconds);
}

TEST_F(LlamaTest, CountsAStreamWhileItRuns) {
    const auto before = engine->counters();
    const auto stream =
        engine->start({.operation = Operation::completion,
                       .body = R"({"prompt":"Bees","max_tokens":400,"temperature":0,"ignore_eos":true,"stream":true})",
                       .ids = TokenIds::left_out});
    for (int piece = 0; piece < 5; ++piece)
        ASSERT_TRUE(stream->next());

    const auto now = engine->counters();

    EXPECT_GE(now.tokens_out.value - before.tokens_out.value, 5U);
    EXPECT_GT(now.decode_seconds, before.decode_seconds);
}

TEST_F(LlamaTest, PutsTimingsIntoEachChunkOnlyWhenAsked) {
    const auto chunks_with_timings = [&](const std::string& more) {
        std::size_t count = 0;
        for (const auto& frame :
             frames_of(ask(*engine, Operation::completion,
                           R"({"prompt":"Bees","max_tokens":6,"ignore_eos":true,"stream":true)" + more + "}")
                           .body)) {
            if (frame.data != "[DONE]" && frame.json().as_object().contains("timings")) ++count;
        }
        return count;
    };

    EXPECT_EQ(chunks_with_timings(""), 1U);
    EXPECT_GT(chunks_with_timings(R"(,"timings_per_token":true)"), 3U);
}

TEST_F(LlamaTest, SaysThatAUsersOwnGrammarCannotBeContinued) {
    const auto reply = ask(*engine, Operation::chat,
                           R"({"messages":[{"role":"user","content":"Hi"}],"max_tokens":4,"stream":true,)"
                           R"("grammar":"root ::= \"yes\" | \"no\""})",
                           TokenIds::included);

    const auto frames = frames_of(reply.body);
    ASSERT_FALSE(frames.empty()) << reply.body;
    EXPECT_FALSE(frames.front().json().at("continuable").as_bool());
    const auto text = streamed_text(frames);
    EXPECT_TRUE(text == "yes" || text == "no") << text;
}

TEST_F(LlamaTest, KeepsTheIdsCompleteWhenCharactersAreSpreadOverTokens) {
    const auto reply =
        ask(*engine, Operation::completion,
            R"({"prompt":"x","max_tokens":40,"stream":true,"grammar":"root ::= \"🐝🦄ᚠᛇ\""})", TokenIds::included);

    const auto frames = frames_of(reply.body);
    boost::json::array ids;
    for (const auto& frame : frames) {
        if (frame.event != "rbees.ids") continue;
        for (const auto& id : frame.json().at("ids").as_array())
            ids.push_back(id);
    }
    const auto text = ask(*engine, Operation::detokenize, boost::json::serialize(boost::json::object{{"tokens", ids}}));
    EXPECT_EQ(streamed_text(frames), "🐝🦄ᚠᛇ") << reply.body;
    EXPECT_TRUE(text.json().at("content").as_string().starts_with("🐝🦄ᚠᛇ")) << text.body;
}

TEST_F(LlamaTest, RefusesAGrammarThatDoesNotParse) {
    const auto reply = ask(*engine, Operation::completion, R"({"prompt":"x","grammar":"root ::= ("})");

    EXPECT_EQ(reply.head.status, 400) << reply.body;
}

TEST_F(LlamaTest, RefusesTokenIdsThatTheModelLacks) {
    EXPECT_EQ(ask(*engine, Operation::completion, R"({"prompt":[1,99999999]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::detokenize, R"({"tokens":[99999999]})").head.status, 400);
}

TEST_F(LlamaTest, GivesTokensWithTheirPieces) {
    const auto reply = ask(*engine, Operation::tokenize, R"({"content":"Hello bees","with_pieces":true})");

    EXPECT_EQ(reply.json().at("tokens").at(0).at("piece"), "Hello");
}

TEST_F(LlamaTest, ReportsProgressFromStartToEnd) {
    const auto file = model_file("smollm2.sh");
    ASSERT_TRUE(file);
    double last = 0;
    bool falls = false;
    const LoadPlan plan{.model_path = *file, .model_name = "m", .slots = 1, .context = Tokens(256), .gpu_layers = 0};

    const auto loaded = load_llama(
        plan,
        [&](double done) {
            falls = falls || done < last;
            last = done;
        },
        Logger());

    ASSERT_TRUE(loaded);
    EXPECT_FALSE(falls);
    EXPECT_EQ(last, 1);
    const auto& capabilities = (*loaded)->capabilities();
    EXPECT_EQ(capabilities.model_hash, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
    EXPECT_EQ(capabilities.batch % 32, 0U);
    EXPECT_GE(capabilities.threads, 1U);
    EXPECT_FALSE(capabilities.tools);
    EXPECT_EQ(capabilities.device, "cpu");
    EXPECT_EQ(capabilities.gpu_memory, std::nullopt);
}

bool has_gpu() {
    return llama_devices().usable.size() > 1;
}

TEST(LlamaDevicesTest, AreTheProcessorAtLeast) {
    const auto devices = llama_devices();

    EXPECT_EQ(std::ranges::count(devices.built_for, "cpu"), 1);
    EXPECT_EQ(std::ranges::count(devices.usable, "cpu"), 1);
}

TEST(LlamaDevicesTest, AModelThatIsToLieOnAGpuIsRefusedWhereThereIsNone) {
    if (has_gpu()) GTEST_SKIP() << "not run: there is a GPU here";
    for (const int layers : {-2, 1, 99}) {
        const auto loaded = load_llama({.model_path = "/any.gguf", .model_name = "m", .gpu_layers = layers}, {}, {});

        ASSERT_FALSE(loaded) << layers;
        EXPECT_EQ(loaded.error().kind, LoadErrorKind::no_gpu) << layers;
    }
}

TEST(LlamaDevicesTest, AModelThatIsToLieOnAGpuLiesThereWhole) {
    if (!has_gpu()) GTEST_SKIP() << "not run: no GPU here that this llama.cpp can use";
    const auto file = model_file("smollm2.sh");
    ASSERT_TRUE(file);

    const auto loaded = load_llama({.model_path = *file, .model_name = "m", .slots = 1, .gpu_layers = -2}, {}, {});

    ASSERT_TRUE(loaded) << loaded.error().failure.message;
    EXPECT_EQ((*loaded)->capabilities().device, "cuda");
    EXPECT_GE((*loaded)->capabilities().gpu_memory.value_or(Bytes{}), Bytes(std::filesystem::file_size(*file)));
}

}  // namespace
}  // namespace rbees::engine::testing
