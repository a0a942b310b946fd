/// From the first report to the last answer: loading, failing, draining.

#include <gmock/gmock.h>

#include "worker_fixture.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""ms;
using testing::HasSubstr;

class LifeTest : public WorkerFixture {
  protected:
    std::string status() {
        const auto text = at(get("/health").body, "/status");
        return text.is_string() ? std::string(text.get_string()) : "none";
    }
    double progress() { return at(get("/health").body, "/load_progress").to_number<double>(); }

    /// Loads up to half of a model that takes a second of virtual time, and stays there.
    void load_half() {
        start("sim:tiny?load_ms=1000");
        ASSERT_TRUE(pace->await_waiters(1));
        pace->advance(500ms);
        wait_until([&] { return progress() == 0.5; });
    }

    /// Reports are few and failing in these tests, so patience is short.
    void be_impatient() {
        patience = {.whole = 20ms, .first_pause = 1ms, .longest_pause = 2ms, .one_attempt = std::chrono::seconds(30)};
    }
};

TEST_F(LifeTest, WhileItLoadsHealthSaysHowFarAndEverythingElseSaysLater) {
    load_half();

    EXPECT_EQ(status(), "loading");
    for (const auto* path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize"}) {
        const auto answer = post(path, chat_body(1, false));
        EXPECT_EQ(answer.status, 503) << path;
        EXPECT_EQ(at(answer.body, "/error/code"), "WORKER_UNAVAILABLE");
        EXPECT_THAT(answer.body, HasSubstr("50 %"));
        EXPECT_EQ(answer.headers.find("Retry-After"), "1");
    }
    EXPECT_EQ(at(get("/capabilities").body, "/code"), "WORKER_UNAVAILABLE");
    EXPECT_EQ(get("/metrics").status, 200);

    pace->run_free();
    wait_until([&] { return status() == "healthy"; });
    EXPECT_EQ(post("/v1/chat/completions", chat_body(1, false)).status, 200);
}

TEST_F(LifeTest, ReportsProgressAndThenReadinessWithTheSecret) {
    pool.emplace(io);
    start("sim:tiny?load_ms=1000&slots=3");
    wait_until([&] { return pool->reports.size() == 1; });
    pace->run_free();
    wait_until([&] { return pool->reports.back().ready; });

    const auto& first = pool->reports.front();
    EXPECT_EQ(first.worker_id, WorkerId("w-1"));
    EXPECT_FALSE(first.ready);
    EXPECT_EQ(first.load_progress, 0);
    EXPECT_FALSE(first.capabilities || first.port);
    const auto& last = pool->reports.back();
    EXPECT_EQ(last.port, port);
    EXPECT_EQ(last.load_progress, 1);
    ASSERT_TRUE(last.capabilities);
    EXPECT_EQ(last.capabilities->slots, 3U);
    ASSERT_TRUE(last.memory);
    EXPECT_GT(*last.memory, mebibytes(1));
    EXPECT_THAT(pool->authorizations, testing::Each("Bearer the-spawn-secret"));
    EXPECT_EQ(std::ranges::count_if(pool->reports, [](const auto& report) { return report.ready; }), 1);
}

TEST_F(LifeTest, ReportThatIsNotTakenIsRepeatedUntilItIs) {
    pool.emplace(io);
    pool->statuses = {500, 404, 503};
    serve();

    wait_until([&] { return pool->reports.size() >= 4 && pool->reports.back().ready; });

    EXPECT_FALSE(left_at_once);
    EXPECT_EQ(status(), "healthy");
}

TEST_F(LifeTest, WorkerThatNobodyListensToLeaves) {
    pool.emplace(io);
    pool->statuses = std::vector<int>(100'000, 500);
    be_impatient();
    pace->run_free();
    start("sim:tiny");

    wait_until([&] { return left_at_once.has_value(); });

    EXPECT_EQ(left_at_once, ExitCode::failed);
    left_at_once.reset();
}

TEST_F(LifeTest, FailedLoadIsReportedWithItsReasonAndEndsTheWorker) {
    pool.emplace(io);
    pool->statuses = {500};
    pace->run_free();
    start("sim:tiny?fail_load=1");

    wait_for_end();

    EXPECT_EQ(service->exit_code(), ExitCode::failed);
    ASSERT_TRUE(service->failure());
    EXPECT_THAT(service->failure()->message, HasSubstr("fail_load"));
    const auto& last = pool->reports.back();
    EXPECT_FALSE(last.ready);
    EXPECT_EQ(last.error_code, "MODEL_LOAD_FAILED");
    EXPECT_THAT(last.failure.value_or(""), HasSubstr("fail_load"));
}

TEST_F(LifeTest, EveryKindOfLoadErrorHasItsCode) {
    const std::vector<std::pair<engine::LoadErrorKind, std::string>> kinds{
        {engine::LoadErrorKind::file_missing, "MODEL_NOT_FOUND"},
        {engine::LoadErrorKind::file_corrupt, "MODEL_LOAD_FAILED"},
        {engine::LoadErrorKind::not_supported, "MODEL_LOAD_FAILED"},
        {engine::LoadErrorKind::not_enough_memory, "INSUFFICIENT_MEMORY"},
        {engine::LoadErrorKind::not_enough_gpu_memory, "INSUFFICIENT_VRAM"},
        {engine::LoadErrorKind::no_gpu, "GPU_UNAVAILABLE"},
        {engine::LoadErrorKind::failed, "MODEL_LOAD_FAILED"}};
    pool.emplace(io);
    for (const auto& [kind, code] : kinds) {
        const engine::LoadError error{kind, {"it did not work", "try another"}};
        start_with([error](const engine::LoadPlan&,
                           const std::function<void(double)>&) -> Loaded { return std::unexpected(error); },
                   settings_for("broken"));
        wait_for_end();
        EXPECT_EQ(pool->reports.back().error_code, code);
        EXPECT_EQ(pool->reports.back().failure, "it did not work (try another)");
        io.restart();
    }
}

TEST_F(LifeTest, FailedLoadEndsTheWorkerAlsoWhenNobodyListens) {
    pool.emplace(io);
    pool->statuses = std::vector<int>(100'000, 500);
    be_impatient();
    pace->run_free();
    start("sim:tiny?fail_load=1");

    wait_for_end();

    EXPECT_EQ(service->exit_code(), ExitCode::failed);
    EXPECT_FALSE(left_at_once);
}

TEST_F(LifeTest, TakenPortIsAFailureThatNamesIt) {
    serve();
    auto settings = settings_for("sim:other");
    settings.port = port;
    Service second(io, settings, "secret", {.loader = simulated(), .leave_at_once = {}, .log = {}, .patience = {}});

    const auto listening = second.start();

    ASSERT_FALSE(listening);
    EXPECT_THAT(listening.error().message, HasSubstr(std::to_string(port)));
}

TEST_F(LifeTest, ShutdownFinishesWhatRunsAndTakesNothingNew) {
    start("sim:tiny?slots=2&prefill=1000000&decode=10");
    wait_until([&] { return status() == "healthy"; });
    std::optional<net::Response> running;
    boost::asio::co_spawn(io, client.send(request("POST", "/v1/chat/completions", chat_body(20, true), {})),
                          [&](std::exception_ptr, auto answer) { running = std::move(*answer); });
    wait_until([&] { return at(get("/health").body, "/slots_busy") == 1; });

    EXPECT_EQ(post("/shutdown", "").status, 202);
    EXPECT_EQ(post("/shutdown", "").status, 202);

    EXPECT_EQ(status(), "draining");
    const auto refused = post("/v1/chat/completions", chat_body(1, false));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(at(refused.body, "/error/code"), "WORKER_UNAVAILABLE");
    EXPECT_FALSE(running);
    pace->run_free();
    wait_for_end();
    EXPECT_EQ(service->exit_code(), ExitCode::ok);
    wait_until([&] { return running.has_value(); });  // the client shares the loop that was stopped
    EXPECT_TRUE(running->body.ends_with("data: [DONE]\n\n"));
}

TEST_F(LifeTest, TaskCanStillBeCancelledWhileTheWorkerDrains) {
    start("sim:tiny?slots=2&prefill=1000000&decode=10");
    wait_until([&] { return status() == "healthy"; });
    std::optional<bool> ended;
    boost::asio::co_spawn(
        io, client.send(request("POST", "/v1/chat/completions", chat_body(20, true), {{"X-Rbees-Task", "t-1"}})),
        [&](std::exception_ptr, auto answer) { ended = answer.has_value(); });
    wait_until([&] { return at(get("/health").body, "/slots_busy") == 1; });
    ASSERT_EQ(post("/shutdown", "").status, 202);

    EXPECT_EQ(post("/cancel", R"({"task_id":"t-1"})").status, 202);

    wait_for_end();
    EXPECT_EQ(service->exit_code(), ExitCode::ok);
}

TEST_F(LifeTest, ShutdownWhileItLoadsLeavesAtOnce) {
    load_half();

    EXPECT_EQ(post("/shutdown", "").status, 202);

    wait_until([&] { return left_at_once.has_value(); });
    EXPECT_EQ(left_at_once, ExitCode::ok);
    left_at_once.reset();
    pace->run_free();
    wait_until([&] { return status() == "healthy"; });
}

TEST_F(LifeTest, SecondSignalStopsWithWorkInFlight) {
    serve();

    service->drain();
    service->stop_now();

    EXPECT_EQ(left_at_once, ExitCode::interrupted);
}

}  // namespace
}  // namespace rbees::workerd
