/// Executions over time: connections that break, leases, pauses, the worker's end.

#include <gmock/gmock.h>

#include <random>

#include "executions_fixture.hpp"
#include "scripted_engine.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""ms;

std::string through(std::uint64_t token) {
    return R"({"through":)" + std::to_string(token) + "}";
}

class ExecutionsLifeTest : public ExecutionsFixture {
  protected:
    /// Reads as orcd does: it stores what it read some time later; its connections break, and so does itself.
    Heard read_at_random(const std::string& job, std::uint32_t seed) {
        std::minstd_rand random(seed);
        const auto one_in = [&](std::uint32_t of) { return random() % of == 0; };
        Heard heard;
        Heard stored;
        const auto store = [&] {
            stored = heard;
            if (stored.last()) {
                EXPECT_EQ(acknowledge(job, 1, through(*stored.last())).status, 200);
            }
        };
        while (!heard.is_over() && !HasFailure()) {
            auto connection = attach(job, 1, heard.last());
            do {
                // What is not stored fills the buffer; nothing more comes before half of it is free.
                if (heard.tokens - stored.tokens > executions.buffered_tokens_max / 2 || one_in(4)) store();
                const auto event = next(connection);
                EXPECT_TRUE(event);
                if (event) heard.take(*event);
            } while (!heard.is_over() && !HasFailure() && !one_in(6));
            connection.stream->close();
            if (one_in(4)) heard = stored;
        }
        return heard;
    }
};

TEST_F(ExecutionsLifeTest, ReaderThatLeavesLosesNothing) {
    serve();
    const auto request = chat_body(60, false);
    order("job-1", 1, request);
    Heard heard;
    auto connection = attach("job-1", 1);
    for (int events = 0; events < 10; ++events)
        heard.take(*next(connection));
    connection.stream->close();
    connection.stream.reset();

    heard = hear("job-1", 1, std::move(heard));

    EXPECT_EQ(heard.ids.size(), 60U);
    EXPECT_EQ(heard.text, undisturbed(request));
    EXPECT_TRUE(heard.end);
}

TEST_F(ExecutionsLifeTest, GoesOnWhileNobodyReads) {
    serve();

    order("job-1", 1, chat_body(60, false));

    wait_until([&] { return executions_in("ended") == 1; });
    EXPECT_EQ(slots_busy(), 0U);
    EXPECT_EQ(hear("job-1", 1).ids.size(), 60U);
}

TEST_F(ExecutionsLifeTest, NewerReaderEndsTheOlderOne) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1000000&decode=10");
    order("job-1", 1, chat_body(20, false));
    auto older = attach("job-1", 1);
    ASSERT_EQ(next(older)->event, "start");

    auto newer = attach("job-1", 1);

    while (next(older)) {
    }
    EXPECT_TRUE(older.is_cut);
    pace->run_free();
    Heard heard;
    while (const auto event = next(newer))
        heard.take(*event);
    EXPECT_EQ(heard.ids.size(), 20U);
    EXPECT_TRUE(heard.end);
}

TEST_F(ExecutionsLifeTest, LeaseThatNobodyRenewsEndsTheGeneration) {
    executions.lease = 50ms;
    serve_in_still_time("sim:tiny?slots=1&prefill=1");
    order("job-1", 1, chat_body(20, false));
    auto connection = attach("job-1", 1);
    ASSERT_EQ(next(connection)->event, "start");

    wait_until([&] { return metric("rbees_execution_leases_ended_total") == 1; });

    EXPECT_FALSE(next(connection));
    EXPECT_TRUE(connection.is_cut);
    wait_until([&] { return slots_busy() == 0; });
    EXPECT_EQ(get(path("job-1", 1)).status, 404);
    EXPECT_EQ(acknowledge("job-1", 1, "{}").status, 404);
    EXPECT_EQ(order("job-1", 1, chat_body(20, false)).status, 409);
    EXPECT_EQ(executions_in("running"), 0);
}

TEST_F(ExecutionsLifeTest, LeaseEndsForWhatHasEndedToo) {
    executions.lease = 50ms;
    serve();
    order("job-1", 1, chat_body(5, false));

    wait_until([&] { return metric("rbees_execution_leases_ended_total") == 1; });

    EXPECT_EQ(executions_in("ended"), 0);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"completed\"}"), 1);
    EXPECT_EQ(metric("rbees_executions_total{outcome=\"cancelled\"}"), 0);
}

TEST_F(ExecutionsLifeTest, PausesWhenItsBufferIsFullAndSaysTheSameAfterwards) {
    executions.buffered_tokens_max = 8;
    serve_step_by_step("1");
    const auto request = chat_body(60, false);
    order("job-1", 1, request);
    wait_until([&] { return executions_in("paused") == 1; });
    wait_until([&] { return slots_busy() == 0; });
    EXPECT_EQ(at(order("job-1", 1, request).body, "/state"), "paused");

    Heard heard;
    auto connection = attach("job-1", 1);
    while (!heard.is_over()) {
        const auto event = next(connection);
        ASSERT_TRUE(event);
        heard.take(*event);
        if (heard.last()) {
            ASSERT_EQ(acknowledge("job-1", 1, through(*heard.last())).status, 200);
        }
    }

    EXPECT_EQ(heard.ids.size(), 60U);
    EXPECT_EQ(heard.text, undisturbed(request));
    ASSERT_TRUE(heard.end);
    EXPECT_EQ(heard.end->usage.completion_tokens, Tokens(60));
    EXPECT_EQ(heard.end->message->at("content").as_string(), heard.text);
    EXPECT_EQ(heard.end->stop_reason, "length");
    EXPECT_GE(metric("rbees_execution_pauses_total"), 1);
}

TEST_F(ExecutionsLifeTest, PausedOneLeavesItsSlotToOthers) {
    executions.buffered_tokens_max = 4;
    serve_step_by_step("1");
    order("job-1", 1, chat_body(60, false));
    wait_until([&] { return executions_in("paused") == 1; });

    EXPECT_EQ(post("/v1/chat/completions", chat_body(5, false)).status, 200);

    EXPECT_EQ(cancel("job-1", 1).status, 204);
    EXPECT_EQ(executions_in("paused"), 0);
}

TEST_F(ExecutionsLifeTest, BufferGrowsWhereTheEngineCouldNotGoOn) {
    executions.buffered_tokens_max = 2;
    std::vector<engine::Event> events{engine::Started{}};
    for (std::size_t place = 0; place < 10; ++place)
        events.emplace_back(engine::Said{.first = place, .ids = {7}, .text = "x"});
    events.emplace_back(engine::Ended{.stop_reason = "stop"});
    serve_engine(std::make_unique<ScriptedEngine>(Script{.events = events}));

    order("job-1", 1, chat_body(10, false));
    wait_until([&] { return executions_in("ended") == 1; });

    EXPECT_EQ(hear("job-1", 1).text, "xxxxxxxxxx");
    EXPECT_EQ(metric("rbees_execution_pauses_total"), 0);
}

TEST_F(ExecutionsLifeTest, WorkerEndsWhenTheLastOneIsStored) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1000000&decode=10");
    order("job-1", 1, chat_body(20, false));
    wait_until([&] { return slots_busy() == 1; });

    EXPECT_EQ(post("/shutdown", "").status, 202);

    EXPECT_EQ(order("job-2", 1, chat_body(5, false)).status, 503);
    EXPECT_EQ(code_of(order("job-2", 1, chat_body(5, false))), "WORKER_UNAVAILABLE");
    EXPECT_EQ(order("job-1", 1, chat_body(20, false)).status, 202) << "it runs already";
    pace->run_free();
    const auto heard = hear("job-1", 1);
    EXPECT_EQ(heard.ids.size(), 20U);
    EXPECT_FALSE(io.stopped());
    EXPECT_EQ(acknowledge("job-1", 1, R"({"through":19,"done":true})").status, 200);
    wait_for_end();
    EXPECT_EQ(service->exit_code(), ExitCode::ok);
}

TEST_F(ExecutionsLifeTest, WorkerEndsWhenNobodyRenewsTheLastLease) {
    executions.lease = 50ms;
    serve();
    order("job-1", 1, chat_body(20, false));

    post("/shutdown", "");

    wait_for_end();
    EXPECT_EQ(service->exit_code(), ExitCode::ok);
}

TEST_F(ExecutionsLifeTest, GiveEachTokenOnceHoweverOneReadsAndStores) {
    executions.buffered_tokens_max = 5;
    serve_step_by_step("2");
    const auto request = chat_body(24, false);
    const auto text = undisturbed(request);
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(seed);
        const auto job = "job-" + std::to_string(seed);
        ASSERT_EQ(order(job, 1, request).status, 202);

        const auto heard = read_at_random(job, seed);

        ASSERT_TRUE(heard.end);
        EXPECT_EQ(heard.ids.size(), 24U);
        EXPECT_EQ(heard.text, text);
        EXPECT_EQ(heard.end->message->at("content").as_string(), text);
        EXPECT_EQ(acknowledge(job, 1, R"({"done":true})").status, 200);
    }
    EXPECT_GT(metric("rbees_execution_pauses_total"), 0);
}

}  // namespace
}  // namespace rbees::workerd
