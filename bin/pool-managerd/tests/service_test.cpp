#include "service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <deque>

#include "rbees/base/files.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "test_house.hpp"

namespace rbees::poold {
namespace {

using contracts::WorkerState;
using testing::HasSubstr;

class FakeGpus final : public GpuDriver {
  public:
    std::vector<contracts::Device> devices() override {
        return {{.id = "cuda:0",
                 .kind = contracts::DeviceKind::cuda,
                 .name = "Fake RTX",
                 .memory_total = Bytes(1000),
                 .memory_free = Bytes(400)}};
    }
};

/// The node routes of orcd: takes registrations and heartbeats, and holds the latter.
class FakeOrcd {
  public:
    explicit FakeOrcd(net::IoContext& io)
        : server_(
              io, {}, [this](net::Exchange& exchange) { return answer(*this, exchange); },
              http_api::server_error_body(), Logger()),
          port_(server_.listen("127.0.0.1", 0).value()) {}

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    std::string orchestrator = "first";
    std::vector<contracts::NodeRegistration> registrations;
    std::vector<contracts::Heartbeat> heartbeats;
    std::string shown;  ///< the last Authorization

    /// Whether some heartbeat told of this worker in this state.
    [[nodiscard]] bool heard(const std::string& worker, WorkerState state) const {
        for (const auto& heartbeat : heartbeats) {
            for (const auto& report : heartbeat.status.workers) {
                if (report.worker_id.str() == worker && report.state == state) return true;
            }
        }
        return false;
    }

  private:
    static net::Task<void> answer(FakeOrcd& self, net::Exchange& exchange) {
        const auto request = exchange.request();
        self.shown = request.headers.find("Authorization").value_or("");
        net::Response response = http_api::empty_answer(404);
        if (request.path == "/v2/nodes/register") {
            self.registrations.push_back(http_api::read_body<contracts::NodeRegistration>(request).value());
            response = http_api::json_answer(
                200, contracts::NodeRegistered{self.registrations.back().node_id, self.orchestrator, 200});
        } else if (request.path.ends_with("/heartbeat")) {
            auto heartbeat = http_api::read_body<contracts::Heartbeat>(request).value();
            const auto hold = std::chrono::milliseconds(heartbeat.hold_ms);
            const bool is_known = heartbeat.orchestrator == self.orchestrator;
            if (is_known) self.heartbeats.push_back(std::move(heartbeat));
            response =
                is_known ? http_api::json_answer(200, contracts::HeartbeatAnswer{200}) : http_api::empty_answer(409);
            if (is_known) co_await net::wait_for(hold);
        }
        co_await exchange.respond(std::move(response));
    }

    net::Server server_;
    std::uint16_t port_;
};

class ServiceTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("FAKE_DEVICES", R"({"built_for": ["cpu", "cuda"], "usable": ["cpu", "cuda"]})", 1);
        ASSERT_TRUE(write_file_atomically(house.home.node_token(), "node-secret\n", FileAccess::owner_only));
        identity = keep_identity(house.home).value();
        start();
    }

    void TearDown() override {
        if (!service) return;
        shut_down("stop");
    }

    void start() {
        service = std::make_unique<Service>(io, settings(), identity, std::make_unique<FakeGpus>(), Logger());
        service->start();
        ASSERT_TRUE(run_until(io, [&] { return std::filesystem::exists(house.home.pool_process()); }));
        url = *reflect::from_json_text<contracts::ProcessFile>(read_file(house.home.pool_process()).value())->url;
    }

    Settings settings() {
        Settings made;
        made.home = house.home;
        made.listen_port = 0;
        made.orchestrator = orcd.url();
        made.name = "test machine";
        made.worker_program = RBEES_FAKE_WORKER;
        made.shutdown_grace = std::chrono::milliseconds(200);
        made.workers.terminate_grace = std::chrono::milliseconds(100);
        return made;
    }

    net::Response call(std::string method, std::string path, std::string body = {}, std::string token = "call") {
        net::ClientRequest request;
        request.method = std::move(method);
        request.url = net::parse_url(url + path).value();
        if (token == "call") token = identity.call_token;
        if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
        request.body = std::move(body);
        return finish(io, client.send(std::move(request))).value();
    }

    void spawn(const std::string& id, const std::string& model) {
        const auto answer =
            call("POST", "/workers/spawn", reflect::to_json_text(contracts::SpawnWorker{WorkerId(id), ModelId(model)}));
        ASSERT_EQ(answer.status, 202) << answer.body;
        ASSERT_TRUE(run_until(io, [&] { return orcd.heard(id, WorkerState::ready); }));
    }

    /// Asks it to stop; it has when its process file is gone.
    void shut_down(const std::string& workers) {
        EXPECT_EQ(call("POST", "/v2/shutdown", "{\"workers\": \"" + workers + "\"}").status, 202);
        EXPECT_TRUE(run_until(io, [&] { return io.stopped(); }));
        service.reset();
        io.restart();
    }

    TestHome house;
    net::IoContext io{1};
    FakeOrcd orcd{io};
    net::Client client{io};
    Identity identity;
    std::unique_ptr<Service> service;
    std::string url;
};

TEST_F(ServiceTest, RegistersWithEverythingThatOrcdNeeds) {
    ASSERT_TRUE(run_until(io, [&] { return !orcd.registrations.empty(); }));

    const auto& registration = orcd.registrations.front();
    EXPECT_EQ(registration.node_id, identity.node);
    EXPECT_EQ(registration.call_token, identity.call_token);
    EXPECT_EQ(registration.url, url);
    EXPECT_EQ(registration.name, "test machine");
    ASSERT_EQ(registration.status.devices.size(), 2U);
    EXPECT_EQ(registration.status.devices.front().id, "cpu");
    EXPECT_EQ(registration.status.devices.back().id, "cuda:0");
    EXPECT_FALSE(registration.status.devices.back().unusable);
    EXPECT_EQ(orcd.shown, "Bearer node-secret");
}

TEST_F(ServiceTest, SaysWithAGpuWhyItsWorkersCannotUseIt) {
    shut_down("keep");
    orcd.registrations.clear();
    ::setenv("FAKE_DEVICES", R"({"built_for": ["cpu"], "usable": ["cpu"]})", 1);
    start();

    ASSERT_TRUE(run_until(io, [&] { return !orcd.registrations.empty(); }));
    const auto& devices = orcd.registrations.front().status.devices;
    EXPECT_FALSE(devices.front().unusable);
    EXPECT_THAT(devices.back().unusable.value_or(""), HasSubstr("without CUDA"));
}

TEST_F(ServiceTest, KeepsHeartbeatsComingWithGrowingNumbers) {
    ASSERT_TRUE(run_until(io, [&] { return orcd.heartbeats.size() >= 3; }));

    EXPECT_EQ(orcd.heartbeats.front().orchestrator, "first");
    for (std::size_t index = 1; index < orcd.heartbeats.size(); ++index) {
        EXPECT_GT(orcd.heartbeats[index].status.sequence, orcd.heartbeats[index - 1].status.sequence);
    }
}

TEST_F(ServiceTest, RegistersAgainWithAnOrcdThatRestarted) {
    ASSERT_TRUE(run_until(io, [&] { return !orcd.heartbeats.empty(); }));
    orcd.orchestrator = "second";

    EXPECT_TRUE(run_until(io, [&] { return orcd.registrations.size() == 2; }));
}

TEST_F(ServiceTest, AnswersNobodyWithoutTheCallToken) {
    EXPECT_EQ(call("GET", "/health", "", "").status, 200);
    for (const auto* path : {"/v2/state", "/v2/workers", "/v2/devices", "/v2/models", "/metrics"}) {
        EXPECT_EQ(call("GET", path, "", "").status, 401) << path;
        EXPECT_EQ(call("GET", path, "", "guess").status, 401) << path;
        EXPECT_EQ(call("GET", path).status, 200) << path;
    }
}

TEST_F(ServiceTest, StartsAWorkerTellsOrcdAtOnceAndListsItWithoutItsSecret) {
    spawn("w-1", "sim:ok");

    const auto& reported = orcd.heartbeats.back().status.workers.front();
    ASSERT_TRUE(reported.secret);
    const auto listed = call("GET", "/v2/workers/w-1");
    EXPECT_EQ(listed.status, 200);
    EXPECT_THAT(listed.body, HasSubstr(R"("state":"ready")"));
    EXPECT_THAT(call("GET", "/v2/state").body, Not(HasSubstr(*reported.secret)));
    EXPECT_THAT(call("GET", "/metrics").body, HasSubstr("pool_mgr_workers_total{status=\"ready\"} 1"));
}

TEST_F(ServiceTest, TellsADeathAtOnce) {
    spawn("w-1", "sim:ok");
    const auto pid = *orcd.heartbeats.back().status.workers.front().pid;

    ::kill(pid, SIGKILL);

    EXPECT_TRUE(run_until(io, [&] { return orcd.heard("w-1", WorkerState::failed); }));
}

TEST_F(ServiceTest, LetsAWorkerReportOnItselfOnly) {
    spawn("w-1", "sim:ok");
    const auto secret = *orcd.heartbeats.back().status.workers.front().secret;
    const auto path = "/v2/internal/workers/ready";
    const auto report = [](const char* id) {
        return reflect::to_json_text(contracts::WorkerReady{.worker_id = WorkerId(id)});
    };

    EXPECT_EQ(call("POST", path, report("w-1"), secret).status, 204);
    EXPECT_EQ(call("POST", path, report("w-2"), secret).status, 403);
    EXPECT_EQ(call("POST", path, report("w-1")).status, 401);
    EXPECT_EQ(call("GET", "/v2/workers", "", secret).status, 401);
}

TEST_F(ServiceTest, SaysWhatIsWrongWithARequest) {
    EXPECT_EQ(call("POST", "/workers/spawn", "{\"worker_id\": ").status, 400);
    EXPECT_THAT(call("POST", "/workers/spawn", R"({"worker_id": "w-1", "model": "absent"})").body,
                HasSubstr("MODEL_NOT_FOUND"));
    EXPECT_THAT(call("GET", "/v2/workers/absent").body, HasSubstr("WORKER_NOT_FOUND"));
    EXPECT_THAT(call("POST", "/v2/workers/stop", R"({"worker_id": "absent"})").body, HasSubstr("WORKER_NOT_FOUND"));
    EXPECT_THAT(call("DELETE", "/v2/models/absent").body, HasSubstr("MODEL_NOT_FOUND"));
    EXPECT_EQ(call("PUT", "/v2/models").status, 405);
}

TEST_F(ServiceTest, KeepsItsWorkersWhenItStopsAndHasThemAgainWhenItStarts) {
    spawn("w-1", "sim:ok");
    const auto pid = *orcd.heartbeats.back().status.workers.front().pid;

    shut_down("keep");
    EXPECT_FALSE(std::filesystem::exists(house.home.pool_process()));
    EXPECT_EQ(::kill(pid, 0), 0);

    orcd.heartbeats.clear();
    start();
    ASSERT_TRUE(run_until(io, [&] { return orcd.heard("w-1", WorkerState::ready); }));
    EXPECT_EQ(orcd.heartbeats.back().status.workers.front().pid, pid);
}

TEST_F(ServiceTest, EndsItsWorkersWhenAskedTo) {
    spawn("w-1", "sim:ok");
    spawn("w-2", "sim:deaf");

    shut_down("stop");

    EXPECT_TRUE(orcd.heard("w-1", WorkerState::stopped));
    EXPECT_TRUE(std::filesystem::is_empty(house.home.workers()));
}

TEST(IdentityTest, StaysTheSameAndKeepsItsTokenToItself) {
    TestHome house;
    const auto first = keep_identity(house.home).value();

    const auto second = keep_identity(house.home).value();

    EXPECT_EQ(first.node, second.node);
    EXPECT_EQ(first.call_token, second.call_token);
    EXPECT_EQ(std::filesystem::status(house.home.call_token()).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace rbees::poold
