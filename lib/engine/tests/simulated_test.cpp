#include "rbees/engine/simulated.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "engine_reading.hpp"

namespace rbees::engine::testing {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class SimulatedTest : public ::testing::Test {
  protected:
    std::unique_ptr<Engine> load(const std::string& reference) {
        auto engine = load_simulated({.model_path = reference, .model_name = "sim"}, {}, pace);
        EXPECT_TRUE(engine);
        return engine ? std::move(*engine) : nullptr;
    }

    static std::unique_ptr<Answer> complete(Engine& engine, const std::string& prompt, const std::string& more) {
        return engine.start({.operation = Operation::completion,
                             .body = R"({"prompt":")" + prompt + R"(","ignore_eos":true)" + more + "}",
                             .ids = TokenIds::left_out});
    }

    std::shared_ptr<VirtualPace> pace = std::make_shared<VirtualPace>();
};

TEST_F(SimulatedTest, SpendsPrefillAndDecodeTimeAtItsRates) {
    const auto engine = load("sim:demo?prefill=10&decode=4");
    pace->run_free();
    const auto started = pace->now();

    // Five tokens of prompt at 10/s; the first of five answers comes with the prompt, four more at 4/s.
    const auto reply = read_all(*complete(*engine, "the river the river the", R"(,"max_tokens":5)"));

    EXPECT_EQ(reply.head.status, 200);
    EXPECT_EQ(pace->now() - started, 500ms + 1s);
    EXPECT_DOUBLE_EQ(engine->counters().prefill_seconds, 0.5);
}

TEST_F(SimulatedTest, PaysNoPrefillForWhatASlotStillHolds) {
    const auto engine = load("sim:demo?prefill=10&decode=1000000000");
    pace->run_free();
    (void)read_all(*complete(*engine, "the river", R"(,"max_tokens":1)"));
    const auto started = pace->now();

    const auto reply = read_all(*complete(*engine, "the river the house", R"(,"max_tokens":1)"));

    EXPECT_EQ(pace->now() - started, 200ms);
    EXPECT_EQ(reply.json().at("usage").at("prompt_tokens_details").at("cached_tokens"), 2);
}

TEST_F(SimulatedTest, ServesWaitingRequestsInTheirOrder) {
    const auto engine = load("sim:demo?slots=1&prefill=1000&decode=10");
    const auto first = complete(*engine, "the", R"(,"stream":true,"max_tokens":2)");
    std::vector<int> order;
    std::mutex mutex;
    std::thread holder([&] { (void)first->head(); });
    ASSERT_TRUE(pace->await_waiters(1));
    std::vector<std::unique_ptr<Answer>> waiting;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(complete(*engine, "the", R"(,"stream":true,"max_tokens":2)"));
        readers.emplace_back([&, i, &answer = *waiting.back()] {
            (void)answer.head();
            {
                const std::scoped_lock lock(mutex);
                order.push_back(i);  // it still has the slot: the next one cannot have come
            }
            while (answer.next()) {
            }
        });
        while (engine->counters().queued != static_cast<std::uint32_t>(i + 1))
            std::this_thread::yield();
    }

    pace->run_free();
    holder.join();
    while (first->next()) {
    }
    for (auto& reader : readers)
        reader.join();

    EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST_F(SimulatedTest, ACancelDuringPrefillFreesTheSlotAtOnce) {
    const auto engine = load("sim:demo?slots=1&prefill=1");
    const auto answer = complete(*engine, "the river the river", "");
    int status = 0;
    std::thread reader([&] { status = answer->head().status; });
    ASSERT_TRUE(pace->await_waiters(1));
    EXPECT_EQ(engine->counters().slots_busy, 1U);

    answer->cancel();
    reader.join();

    EXPECT_EQ(status, 499);
    EXPECT_EQ(engine->counters().slots_busy, 0U);
}

TEST_F(SimulatedTest, ACancelEndsAWaitForASlot) {
    const auto engine = load("sim:demo?slots=1&prefill=1");
    const auto holder = complete(*engine, "the river", "");
    const auto waiting = complete(*engine, "the river", "");
    std::thread holding([&] { (void)holder->head(); });
    ASSERT_TRUE(pace->await_waiters(1));
    int status = 0;
    std::thread reader([&] { status = waiting->head().status; });
    while (engine->counters().queued != 1)
        std::this_thread::yield();

    waiting->cancel();
    reader.join();
    holder->cancel();
    holding.join();

    EXPECT_EQ(status, 499);
    EXPECT_EQ(engine->counters().queued, 0U);
}

TEST_F(SimulatedTest, FailsAStreamAfterItsTokensWithAnErrorFrameAndNoDone) {
    const auto engine = load("sim:demo?fail_after=3");
    pace->run_free();

    const auto reply = read_all(*complete(*engine, "the", R"(,"stream":true,"max_tokens":9)"));

    EXPECT_EQ(reply.head.status, 200);
    const auto frames = frames_of(reply.body);
    ASSERT_EQ(frames.size(), 4U);
    EXPECT_EQ(frames.back().json().at("error").at("type"), "server_error");
    EXPECT_EQ(engine->counters().slots_busy, 0U);
}

TEST_F(SimulatedTest, FailsAWholeAnswerWith500) {
    const auto engine = load("sim:demo?fail_after=3");
    pace->run_free();

    EXPECT_EQ(read_all(*complete(*engine, "the", R"(,"max_tokens":9)")).head.status, 500);
    EXPECT_EQ(read_all(*complete(*engine, "the", R"(,"max_tokens":3)")).head.status, 200);
}

TEST_F(SimulatedTest, StallsUntilItIsCancelled) {
    const auto engine = load("sim:demo?stall_after=2");
    pace->run_free();
    const auto answer = complete(*engine, "the", R"(,"stream":true,"max_tokens":9)");
    ASSERT_TRUE(answer->next());
    ASSERT_TRUE(answer->next());

    std::optional<std::string> third = "not read yet";
    std::thread reader([&] { third = answer->next(); });
    answer->cancel();
    reader.join();

    EXPECT_EQ(third, std::nullopt);
}

TEST_F(SimulatedTest, DiesAfterItsTokensLikeACrash) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            auto engine = load_simulated({.model_path = "sim:demo?die_after=2&decode=1000000"}, {});
            (void)ask(**engine, Operation::completion, R"({"prompt":"the","max_tokens":9,"ignore_eos":true})");
        },
        ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(SimulatedTest, TakesItsTimeToLoadAndSaysHowFarItIs) {
    pace->run_free();
    const auto started = pace->now();
    std::vector<double> progress;

    const auto engine =
        load_simulated({.model_path = "sim:demo?load_ms=2000"}, [&](double done) { progress.push_back(done); }, pace);

    ASSERT_TRUE(engine);
    EXPECT_EQ(pace->now() - started, 2s);
    EXPECT_EQ(progress.front(), 0);
    EXPECT_EQ(progress.back(), 1);
}

TEST_F(SimulatedTest, FailsToLoadOnDemandOrForAWrongReference) {
    EXPECT_EQ(load_simulated({.model_path = "sim:demo?fail_load=1"}, {}, pace).error().kind, LoadErrorKind::failed);
    EXPECT_EQ(load_simulated({.model_path = "sim:demo?x=1"}, {}, pace).error().kind, LoadErrorKind::not_supported);
}

TEST_F(SimulatedTest, CallsTheToolThatMustBeCalledWithValidArguments) {
    const auto engine = load("sim:demo");
    pace->run_free();
    const std::string body =
        R"({"messages":[{"role":"user","content":"x"}],"tool_choice":"required","tools":[{"type":"function",)"
        R"("function":{"name":"look","parameters":{"type":"object","properties":{"far":{"type":"boolean"}},)"
        R"("required":["far"]}}}])";

    const auto whole = ask(*engine, Operation::chat, body + "}").json().at("choices").at(0);
    const auto streamed = ask(*engine, Operation::chat, body + R"(,"stream":true})");

    EXPECT_EQ(whole.at("finish_reason"), "tool_calls");
    const auto& function = whole.at("message").at("tool_calls").at(0).at("function");
    EXPECT_EQ(function.at("name"), "look");
    EXPECT_EQ(function.at("arguments"), R"({"far":false})");
    std::string arguments;
    for (const auto& frame : frames_of(streamed.body)) {
        if (frame.data == "[DONE]") continue;
        const auto delta = frame.json().at("choices").at(0).at("delta");
        if (const auto* calls = delta.as_object().if_contains("tool_calls")) {
            arguments += calls->at(0).at("function").at("arguments").as_string();
        }
    }
    EXPECT_EQ(arguments, R"({"far":false})");
}

TEST_F(SimulatedTest, CallsAToolThatItMayCallWhenTheLastMessageNamesIt) {
    const auto engine = load("sim:demo");
    pace->run_free();
    const auto finish = [&](const std::string& messages, const std::string& choice) {
        const auto reply = ask(*engine, Operation::chat,
                               R"({"messages":[)" + messages +
                                   R"(],"tools":[{"type":"function","function":{"name":"see"}},)"
                                   R"({"type":"function","function":{"name":"look"}}])" +
                                   choice + "}");
        return reply.json().at("choices").at(0);
    };
    const std::string asked = R"({"role":"user","content":"Please look at it."})";
    const std::string answered = asked + R"(,{"role":"tool","tool_call_id":"call_1","content":"look: far"})";

    const auto called = finish(asked, "");
    ASSERT_EQ(called.at("finish_reason"), "tool_calls");
    EXPECT_EQ(called.at("message").at("tool_calls").at(0).at("function").at("name"), "look");
    EXPECT_EQ(finish(asked, R"(,"tool_choice":"auto")").at("finish_reason"), "tool_calls");
    EXPECT_NE(finish(asked, R"(,"tool_choice":"none")").at("finish_reason"), "tool_calls");
    EXPECT_NE(finish(answered, "").at("finish_reason"), "tool_calls");
    EXPECT_NE(finish(R"({"role":"user","content":"Hello"})", "").at("finish_reason"), "tool_calls");
}

TEST_F(SimulatedTest, SaysTheSameInEveryProcessForOneSeedAndSomethingElseForAnother) {
    pace->run_free();
    const auto text = [&](const std::string& reference) {
        const auto engine = load(reference);
        return read_all(*complete(*engine, "the river", R"(,"max_tokens":20)")).json().at("choices").at(0).at("text");
    };

    EXPECT_EQ(text("sim:demo?seed=1"), text("sim:demo?seed=1&slots=2"));
    EXPECT_NE(text("sim:demo?seed=1"), text("sim:demo?seed=2"));
}

TEST_F(SimulatedTest, TakesARequestForEventsBeforeItHasASlot) {
    const auto engine = load("sim:demo?slots=1");
    pace->run_free();
    const Call call{.operation = Operation::completion, .body = R"({"prompt":"x"})", .frames = Frames::tokens};
    const auto first = engine->start(call);
    ASSERT_TRUE(first->next_event());
    ASSERT_TRUE(first->next_event()) << "a token: it has the slot";

    const auto second = engine->start(call);

    EXPECT_EQ(second->head().status, 200);
    const auto event = second->next_event();
    ASSERT_TRUE(event);
    EXPECT_TRUE(std::holds_alternative<Started>(*event));
    EXPECT_EQ(engine->counters().slots_busy, 1U);
}

TEST_F(SimulatedTest, RefusesMoreThanOneChoiceAndSeveralPrompts) {
    const auto engine = load("sim:demo");

    EXPECT_EQ(ask(*engine, Operation::completion, R"({"prompt":"x","n":2})").json().at("error").at("param"), "n");
    EXPECT_EQ(ask(*engine, Operation::completion, R"({"prompt":["x","y"]})").json().at("error").at("param"), "prompt");
}

}  // namespace
}  // namespace rbees::engine::testing
