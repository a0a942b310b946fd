/// @file
/// Workers of an earlier run that do not prove themselves at once: they stand still, or somebody else answers.

#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "worker_pool_house.hpp"

namespace rbees::poold {
namespace {

using testing::HasSubstr;

/// One worker, "w-1", that runs when its pool manager starts again.
class WorkerAdoptionTest : public WorkerPoolTest {
  protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(restart_with_worker(std::chrono::milliseconds(800)));
        pid = *report("w-1").pid;
        strangers.push_back(pid);
    }

    void adopt() {
        restart();
        finish(io, pool->workers().adopt());
    }

    void change_record(const std::function<void(WorkerRecord&)>& change) {
        auto changed = reflect::from_json_text<WorkerRecord>(read_file(record("w-1")).value()).value();
        change(changed);
        ASSERT_TRUE(write_file_atomically(record("w-1"), reflect::to_json_text(changed), FileAccess::owner_only));
    }

    [[nodiscard]] bool is_running() const { return ::kill(pid, 0) == 0; }

    pid_t pid = 0;
};

/// Its record names the port of somebody who takes no secret until the test says so.
class UnprovedWorkerTest : public WorkerAdoptionTest {
  protected:
    void SetUp() override {
        WorkerAdoptionTest::SetUp();
        const auto port = other_.listen("127.0.0.1", 0).value();
        change_record([&](WorkerRecord& record) { record.port = port; });
        adopt();
        ASSERT_EQ(orphans(), 1U);
        ASSERT_FALSE(pool->workers().report(WorkerId("w-1")));
    }

    bool takes_secret = false;

  private:
    net::Task<void> answer(net::Exchange& exchange) {
        contracts::WorkerCapabilities able;
        able.model = ModelId("sim:ok");
        auto response = http_api::json_answer(200, contracts::WorkerHealth{.status = "healthy", .model = able.model});
        if (exchange.request().path == "/capabilities") response = http_api::json_answer(200, able);
        if (!takes_secret) response = http_api::empty_answer(404);
        co_await exchange.respond(std::move(response));
    }

    net::Server other_{
        io, {}, [this](net::Exchange& exchange) { return answer(exchange); }, http_api::server_error_body(), Logger()};
};

TEST_F(WorkerAdoptionTest, AdoptsAWorkerThatStoodStillAsSoonAsItGoesOn) {
    limits.silence = std::chrono::minutes(10);
    ::kill(pid, SIGSTOP);
    adopt();
    EXPECT_EQ(report("w-1").state, WorkerState::starting);
    EXPECT_EQ(report("w-1").pid, pid);
    EXPECT_FALSE(report("w-1").url) << "it did not show its secret yet";
    EXPECT_EQ(orphans(), 0U);

    ::kill(pid, SIGCONT);

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_EQ(report("w-1").pid, pid);
    EXPECT_EQ(report("w-1").slots, 3U);
}

TEST_F(WorkerAdoptionTest, KillsAWorkerThatStandsStillForGood) {
    ::kill(pid, SIGSTOP);

    adopt();

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("no answer"));
    EXPECT_EQ(report("w-1").error_code, "WORKER_UNAVAILABLE");
    EXPECT_TRUE(run_until(io, [&] { return !std::filesystem::exists(record("w-1")); })) << "its process is gone";
}

TEST_F(WorkerAdoptionTest, StopsAWorkerThatStandsStill) {
    limits.silence = std::chrono::minutes(10);
    ::kill(pid, SIGSTOP);
    adopt();

    ASSERT_TRUE(pool->workers().stop(WorkerId("w-1"), std::nullopt));

    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerAdoptionTest, NeverSignalsAProcessThatGoesOnAndDoesNotKnowItsSecret) {
    limits.silence = std::chrono::minutes(10);
    change_record([](WorkerRecord& record) { record.secret = "another"; });
    ::kill(pid, SIGSTOP);
    adopt();
    ASSERT_EQ(report("w-1").state, WorkerState::starting);

    ::kill(pid, SIGCONT);

    ASSERT_TRUE(run_until(io, [&] { return orphans() == 1; }));
    EXPECT_FALSE(pool->workers().report(WorkerId("w-1")));
    finish(io, pool->workers().stop_all(Duration::zero()));
    EXPECT_TRUE(is_running());
    EXPECT_TRUE(std::filesystem::exists(record("w-1")));
}

TEST_F(UnprovedWorkerTest, AdoptsItWhenItProvesItselfLater) {
    takes_secret = true;

    pool->workers().ask_after_workers();

    ASSERT_TRUE(run_until(io, [&] { return pool->workers().report(WorkerId("w-1")).has_value(); }));
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_EQ(report("w-1").pid, pid);
    EXPECT_EQ(orphans(), 0U);
}

TEST_F(UnprovedWorkerTest, StopsItWhenItProvesItselfAfterAnOrderToStop) {
    EXPECT_EQ(pool->workers().stop(WorkerId("w-1"), std::nullopt).error().code, ErrorCode::WORKER_NOT_FOUND);
    takes_secret = true;

    pool->workers().ask_after_workers();

    ASSERT_TRUE(run_until(io, [&] { return pool->workers().report(WorkerId("w-1")).has_value(); }));
    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, StartsNoWorkerThatWasStoppedBefore) {
    EXPECT_EQ(pool->workers().stop(WorkerId("w-1"), std::nullopt).error().code, ErrorCode::WORKER_NOT_FOUND);

    const auto refused = pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("sim:ok")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::CONFLICT);
    EXPECT_THAT(refused.error().detail, HasSubstr("stopped before it was started"));
    EXPECT_TRUE(pool->workers().reports(Secrets::left_out).empty());
    spawn("w-2", "sim:ok");
    EXPECT_TRUE(reaches("w-2", WorkerState::ready));
}

}  // namespace
}  // namespace rbees::poold
