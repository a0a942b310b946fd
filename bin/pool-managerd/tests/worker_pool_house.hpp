#pragma once
/// @file
/// A worker pool with processes of the fake worker, in a home of a test's own.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/files.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/server.hpp"
#include "test_house.hpp"
#include "workers/worker_pool.hpp"

namespace rbees::poold {

using contracts::ErrorCode;
using contracts::WorkerState;

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

    /// One worker, "w-1", that is ready, and that may be silent for so long.
    void restart_with_worker(Duration silence) {
        limits.silence = silence;
        restart();
        spawn("w-1", "sim:ok");
        ASSERT_TRUE(reaches("w-1", WorkerState::ready));
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

}  // namespace rbees::poold
