#include "workers/worker_pool.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "api.hpp"
#include "rbees/base/files.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/server.hpp"
#include "rbees/pool_core/port_choice.hpp"
#include "test_house.hpp"
#include "workers/worker_client.hpp"

namespace rbees::poold {
namespace {

using contracts::ErrorCode;
using contracts::WorkerState;
using testing::Contains;
using testing::HasSubstr;

/// A program that is no worker.
net::Task<void> refuse(net::Exchange& exchange) {
    co_await exchange.respond(http_api::empty_answer(404));
}

/// A pool manager as far as workers see it; destroying it leaves its workers as they are.
class TestPool {
  public:
    TestPool(net::IoContext& io, net::Client& client, const Home& home, pool::WorkerLimits limits)
        : store_(home.models, Logger()),
          workers_({.io = io,
                    .client = client,
                    .store = store_,
                    .devices = [this] { return std::vector{device, gpu}; },
                    .changed =
                        [this] {
                            ++changes;
                            if (when_changed) when_changed();
                        },
                    .count = [](std::string_view, std::string_view) {},
                    .settings = {.program = RBEES_FAKE_WORKER,
                                 .logs = home.logs,
                                 .records = home.workers(),
                                 .limits = limits,
                                 .slots = 3},
                    .log = Logger(),
                    .is_port_free = [this](std::uint16_t port) { return port == stolen || is_port_free(port); }}),
          server_(
              io, {}, [this](net::Exchange& exchange) { return take_report(*this, exchange); },
              http_api::server_error_body(), Logger()) {
        const auto port = server_.listen("127.0.0.1", 0).value();
        workers_.set_callback("http://127.0.0.1:" + std::to_string(port) + "/v2/internal/workers/ready", {port});
    }

    WorkerPool& workers() { return workers_; }
    ModelStore& store() { return store_; }

    contracts::Device device{.id = "cpu", .memory_total = mebibytes(1000), .memory_free = mebibytes(1000)};
    contracts::Device gpu{.id = "cuda:1",
                          .kind = contracts::DeviceKind::cuda,
                          .memory_total = mebibytes(2000),
                          .memory_free = mebibytes(2000)};
    int changes = 0;
    std::function<void()> when_changed;
    std::uint16_t stolen = 0;  ///< free when it is chosen, and somebody's when a worker wants it

  private:
    static net::Task<void> take_report(TestPool& self, net::Exchange& exchange) {
        const auto report = http_api::read_body<contracts::WorkerReady>(exchange.request());
        const bool is_taken = report && self.workers_.take_report(*report);
        co_await exchange.respond(http_api::empty_answer(is_taken ? 204 : 400));
    }

    ModelStore store_;
    WorkerPool workers_;
    net::Server server_;
};

class WorkerPoolTest : public testing::Test {
  protected:
    void SetUp() override { restart(); }
    void TearDown() override {
        if (pool) finish(io, pool->workers().stop_all(Duration::zero()));
        for (const auto pid : strangers) {
            ::kill(pid, SIGKILL);
        }
    }

    void restart() {
        pool.reset();
        pool = std::make_unique<TestPool>(io, client, house.home, limits);
    }

    contracts::SpawnAnswer spawn(const std::string& id, const std::string& model) {
        return pool->workers().spawn({.worker_id = WorkerId(id), .model = ModelId(model)}).value();
    }

    contracts::WorkerReport report(const std::string& id) { return pool->workers().report(WorkerId(id)).value(); }

    bool reaches(const std::string& id, WorkerState state) {
        return run_until(io, [&] { return report(id).state == state; });
    }

    std::optional<contracts::Problem> refusal_on(const std::string& device, const std::string& model) {
        const auto answer =
            pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId(model), .device = device});
        return answer ? std::nullopt : std::optional(answer.error());
    }

    /// Puts a model of that size on the disk, as far as the pool manager counts.
    void has_model(const std::string& id, Bytes size) {
        const auto file = house.home.models / (id + ".gguf");
        ASSERT_TRUE(write_file_atomically(file, "x", FileAccess::everyone));
        std::filesystem::resize_file(file, size.value);
        ASSERT_TRUE(pool->store().add({.id = ModelId(id), .size = size, .sha256 = "aa"}));
    }

    /// What a running worker was started with.
    [[nodiscard]] std::string given(const std::string& id, const char* what) {
        auto text = read_file(fmt::format("/proc/{}/{}", *report(id).pid, what)).value_or("");
        std::ranges::replace(text, '\0', ' ');
        return text;
    }

    [[nodiscard]] std::filesystem::path record(const std::string& id) const {
        return house.home.workers() / (id + ".json");
    }

    [[nodiscard]] std::size_t orphans() const {
        const auto reports = pool->workers().reports(Secrets::left_out);
        return static_cast<std::size_t>(std::ranges::count(reports, true, &contracts::WorkerReport::orphan));
    }

    pool::WorkerLimits limits{.start_timeout = std::chrono::seconds(60),
                              .stop_grace = std::chrono::milliseconds(50),
                              .terminate_grace = std::chrono::milliseconds(50)};
    TestHome house;
    net::IoContext io{1};
    net::Client client{io};
    std::unique_ptr<TestPool> pool;
    std::vector<pid_t> strangers;
};

TEST_F(WorkerPoolTest, StartsAWorkerUntilItReportsThatItIsReady) {
    EXPECT_EQ(spawn("w-1", "sim:ok").status, WorkerState::starting);

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto ready = report("w-1");
    EXPECT_EQ(ready.slots, 3U);
    EXPECT_EQ(ready.context, Tokens(2048));
    EXPECT_EQ(ready.memory, Bytes(1000));
    EXPECT_TRUE(ready.url);
    EXPECT_FALSE(ready.secret);
    EXPECT_GT(pool->changes, 0);
}

TEST_F(WorkerPoolTest, TellsTheSecretOnTheWayToOrcdOnly) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    const auto secret = pool->workers().reports(Secrets::included).front().secret;

    ASSERT_TRUE(secret);
    EXPECT_EQ(pool->workers().owner_of(*secret), WorkerId("w-1"));
    EXPECT_EQ(pool->workers().owner_of("guess"), std::nullopt);
    EXPECT_FALSE(pool->workers().reports(Secrets::left_out).front().secret);
}

TEST_F(WorkerPoolTest, TakesTheSameIdForTheSameWorker) {
    spawn("w-1", "sim:ok");
    const auto pid = report("w-1").pid;
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    spawn("w-1", "sim:ok");

    EXPECT_EQ(report("w-1").pid, pid);
    EXPECT_EQ(pool->workers().reports(Secrets::left_out).size(), 1U);
}

TEST_F(WorkerPoolTest, KeepsARecordOnlyTheOwnerCanReadAsLongAsTheProcessRuns) {
    spawn("w-1", "sim:ok");

    struct stat file{};
    ASSERT_EQ(::stat(record("w-1").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ASSERT_TRUE(pool->workers().stop(WorkerId("w-1"), std::nullopt));
    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, StartsAWorkerOnTheNextPortWhenItsOwnWasTakenMeanwhile) {
    net::Server stranger(
        io, {}, [](net::Exchange& exchange) { return refuse(exchange); }, http_api::server_error_body(), Logger());
    const auto port = pool::choose_worker_port({}, is_port_free).value();
    ASSERT_TRUE(stranger.listen("127.0.0.1", port));
    pool->stolen = port;
    std::vector<WorkerState> states;
    pool->when_changed = [&] { states.push_back(report("w-1").state); };

    spawn("w-1", "sim:ok");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    pool->when_changed = {};
    EXPECT_NE(report("w-1").url, worker_url(port));
    EXPECT_THAT(states, testing::Not(Contains(WorkerState::failed)));
    EXPECT_EQ(pool->workers().reports(Secrets::left_out).size(), 1U);
}

TEST_F(WorkerPoolTest, GivesUpAWorkerThatFindsEveryPortTaken) {
    spawn("w-1", "sim:unlucky");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").error_code, "WORKER_START_FAILED");
    EXPECT_THAT(*report("w-1").reason, HasSubstr("exit code 75"));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, NoticesADeathAndSaysHow) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ::kill(*report("w-1").pid, SIGKILL);

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("signal 9"));
    EXPECT_EQ(report("w-1").error_code, "WORKER_UNAVAILABLE");
    EXPECT_FALSE(report("w-1").url);
}

TEST_F(WorkerPoolTest, PassesOnWhyAWorkerCouldNotLoad) {
    spawn("w-1", "sim:fail");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").reason, "the file is truncated");
    EXPECT_EQ(report("w-1").error_code, "MODEL_LOAD_FAILED");
}

TEST_F(WorkerPoolTest, QuotesTheLastWordsOfAWorkerThatSaidNothing) {
    spawn("w-1", "sim:crash");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("exit code 3"));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("libmissing.so"));
}

TEST_F(WorkerPoolTest, KillsAWorkerThatDoesNotStop) {
    spawn("w-1", "sim:deaf");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ASSERT_TRUE(pool->workers().stop(WorkerId("w-1"), std::nullopt));

    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
}

TEST_F(WorkerPoolTest, GivesUpAModelThatIsNeverReady) {
    limits.start_timeout = std::chrono::milliseconds(100);
    restart();
    spawn("w-1", "sim:stuck");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").error_code, "WORKER_START_TIMEOUT");
}

TEST_F(WorkerPoolTest, RefusesAModelThatIsNotOnDisk) {
    const auto refused = pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("smollm2")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(refused.error().hint, "rbees models pull smollm2");
}

TEST_F(WorkerPoolTest, RefusesAModelThatMemoryCannotHoldWithTheNumbers) {
    ASSERT_TRUE(write_file_atomically(house.home.models / "big.gguf", std::string(1000, 'x'), FileAccess::everyone));
    ASSERT_TRUE(pool->store().add({.id = ModelId("big"), .size = Bytes(1000), .sha256 = "aa"}));
    pool->device.memory_free = mebibytes(1);

    const auto refused = pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("big")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::INSUFFICIENT_MEMORY);
    EXPECT_THAT(refused.error().detail, HasSubstr("1 MB of 1 GB are free"));
}

TEST_F(WorkerPoolTest, RefusesADeviceThatIsNotThere) {
    const auto refused =
        pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("sim:ok"), .device = "cuda:7"});

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("no device `cuda:7`, but cpu, cuda:1"));
}

TEST_F(WorkerPoolTest, ShowsAWorkerItsOwnGpuOnlyAndPutsAllOfTheModelThere) {
    ASSERT_EQ(refusal_on("cuda:1", "sim:gpu"), std::nullopt);

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_VISIBLE_DEVICES=1 "));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_DEVICE_ORDER=PCI_BUS_ID "));
    EXPECT_THAT(given("w-1", "cmdline"), HasSubstr("--gpu-layers -2"));
    EXPECT_EQ(report("w-1").device, "cuda:1");
}

TEST_F(WorkerPoolTest, ShowsAWorkerOfTheCpuNoGpu) {
    spawn("w-1", "sim:ok");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_VISIBLE_DEVICES= "));
    EXPECT_THAT(given("w-1", "cmdline"), HasSubstr("--gpu-layers 0"));
    EXPECT_EQ(report("w-1").device, "cpu");
}

TEST_F(WorkerPoolTest, ReportsTheDeviceThatAWorkerReallyComputesOn) {
    ASSERT_EQ(refusal_on("cuda:1", "sim:ok"), std::nullopt);
    EXPECT_EQ(report("w-1").device, "cuda:1");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_EQ(report("w-1").device, "cpu");
}

TEST_F(WorkerPoolTest, RefusesAModelThatAGpuCannotHoldWithTheNumbers) {
    has_model("big", mebibytes(1500));

    const auto refused = refusal_on("cuda:1", "big");

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::INSUFFICIENT_VRAM);
    EXPECT_THAT(refused->detail, HasSubstr(describe(mebibytes(1500 + 150 + 640))));  // and CUDA's own
    EXPECT_THAT(refused->detail, HasSubstr("on cuda:1"));
    EXPECT_THAT(refused->detail, HasSubstr(describe(mebibytes(2000))));
}

TEST_F(WorkerPoolTest, RefusesAGpuThatItsWorkersCannotUseAndSaysWhy) {
    pool->gpu.unusable = "rbees was built without CUDA";

    const auto refused = refusal_on("cuda:1", "sim:gpu");

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::GPU_UNAVAILABLE);
    EXPECT_THAT(refused->detail, HasSubstr("built without CUDA"));
}

TEST_F(WorkerPoolTest, AdoptsItsWorkersAfterARestart) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto before = report("w-1");

    restart();
    finish(io, pool->workers().adopt());

    EXPECT_EQ(report("w-1").state, WorkerState::ready);
    EXPECT_EQ(report("w-1").pid, before.pid);
    EXPECT_EQ(report("w-1").url, before.url);
    EXPECT_EQ(report("w-1").slots, before.slots);
    EXPECT_EQ(report("w-1").memory, before.memory);
    ::kill(*before.pid, SIGKILL);
    EXPECT_TRUE(reaches("w-1", WorkerState::failed));
}

TEST_F(WorkerPoolTest, ForgetsWorkersThatDiedMeanwhile) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto text = read_file(record("w-1")).value();
    ::kill(*report("w-1").pid, SIGKILL);
    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    ASSERT_TRUE(write_file_atomically(record("w-1"), text, FileAccess::owner_only));

    restart();
    finish(io, pool->workers().adopt());

    EXPECT_TRUE(pool->workers().reports(Secrets::left_out).empty());
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, LeavesAProcessAloneThatDoesNotKnowItsSecret) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto pid = *report("w-1").pid;
    strangers.push_back(pid);
    auto text = read_file(record("w-1")).value();
    const auto secret = *pool->workers().reports(Secrets::included).front().secret;
    text.replace(text.find(secret), secret.size(), "another");
    ASSERT_TRUE(write_file_atomically(record("w-1"), text, FileAccess::owner_only));

    restart();
    finish(io, pool->workers().adopt());

    const auto reports = pool->workers().reports(Secrets::included);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_TRUE(reports.front().orphan);
    EXPECT_EQ(reports.front().pid, pid);
    EXPECT_EQ(pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("sim:ok")}).error().code,
              ErrorCode::CONFLICT);
    finish(io, pool->workers().stop_all(Duration::zero()));
    EXPECT_EQ(::kill(pid, 0), 0);
}

TEST_F(WorkerPoolTest, ReportsAWorkerWithoutARecordAndLeavesItAlone) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto pid = *report("w-1").pid;
    strangers.push_back(pid);
    std::filesystem::remove(record("w-1"));

    restart();
    finish(io, pool->workers().adopt());
    finish(io, pool->workers().look_for_orphans());

    EXPECT_GE(orphans(), 1U);
    finish(io, pool->workers().stop_all(Duration::zero()));
    EXPECT_EQ(::kill(pid, 0), 0);
}

TEST_F(WorkerPoolTest, StopsAllAndReturnsWhenTheyAreGone) {
    spawn("w-1", "sim:ok");
    spawn("w-2", "sim:deaf");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    ASSERT_TRUE(reaches("w-2", WorkerState::ready));

    finish(io, pool->workers().stop_all(std::chrono::milliseconds(50)));

    EXPECT_EQ(report("w-1").state, WorkerState::stopped);
    EXPECT_EQ(report("w-2").state, WorkerState::stopped);
}

}  // namespace
}  // namespace rbees::poold
