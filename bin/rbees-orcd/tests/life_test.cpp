/// A real rbees-orcd from its start to its end: nodes, workers, restarts, stopping.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "house.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::orcd {
namespace {

using process::ExitStatus;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr ExitStatus as_asked{ExitStatus::Kind::exited, 0};
constexpr ExitStatus with_failure{ExitStatus::Kind::exited, 1};

TEST(Nodes, AnUnknownOrchestratorsHeartbeatIsToldToRegisterAgain) {
    TestFolder home;
    FakePool pool("here");
    {
        OrcdProcess first(home.path(), {});
        ASSERT_TRUE(first.wait_until_ready());
        ASSERT_EQ(pool.registers(first), 200);
        EXPECT_EQ(pool.reports(), 200);
        first.kill();
    }
    OrcdProcess second(home.path(), {}, "127.0.0.1:0");
    ASSERT_TRUE(second.wait_until_ready());
    const auto answer = second.ask(
        "POST", "/v2/nodes/here/heartbeat",
        R"({"orchestrator":"the one before","hold_ms":0,"status":{"boot_id":"b","start_time":1,"sequence":1,)"
        R"("devices":[],"workers":[],"models":[],"downloads":[]}})");

    EXPECT_EQ(answer.status, 409);
    EXPECT_THAT(answer.body, HasSubstr("/v2/nodes/register"));
    EXPECT_EQ(pool.registers(second), 200);
    EXPECT_EQ(pool.reports(), 200);
}

TEST(Nodes, OneWhoseConnectionBreaksIsSuspectAtOnceAndReadyWhenItSpeaksAgain) {
    House house({{"RBEES_HEARTBEAT_INTERVAL", "10m"}});
    house.pool.holds_a_heartbeat();
    ASSERT_TRUE(house.orcd.wait_for_answer("/v2/nodes/here", "\"state\":\"ready\""));

    house.pool.disconnects();

    EXPECT_TRUE(house.orcd.wait_for_answer("/v2/nodes/here", "\"state\":\"suspect\""));
    EXPECT_EQ(house.orcd.ask("GET", "/ready").status, 503);
    EXPECT_EQ(house.pool.reports(), 200);
    EXPECT_TRUE(house.orcd.wait_for_answer("/v2/nodes/here", "\"state\":\"ready\""));
    EXPECT_EQ(house.orcd.ask("GET", "/ready").status, 200);
}

TEST(Version, TellsTheFormOfTheJournal) {
    const House house;

    const auto answer = house.orcd.ask("GET", "/v2/version");

    EXPECT_THAT(answer.body, HasSubstr("\"journal_schema\":" + std::to_string(store::journal_format())));
    EXPECT_GE(store::journal_format(), 3U);
}

TEST(Workers, AStoppedOneEndsWhenItsNodeSaysSoAndStaysReadable) {
    House house;
    house.worker("one", Manner::whole);

    EXPECT_EQ(house.orcd.ask("DELETE", "/v2/workers/one").status, 202);

    EXPECT_TRUE(house.pool.server.wait_until([](const Orders& orders) { return orders.stopped.size() == 1; }));
    EXPECT_THAT(house.orcd.ask("GET", "/v2/workers/one").body, HasSubstr("\"state\":\"draining\""));
    house.pool.lost_worker("one");
    EXPECT_EQ(house.pool.reports(), 200);
    const auto ended = house.orcd.ask("GET", "/v2/workers/one");
    EXPECT_EQ(ended.status, 200);
    EXPECT_THAT(ended.body, HasSubstr("\"state\":\"stopped\""));
    EXPECT_EQ(house.orcd.ask("GET", "/v2/workers").body, "[]");
    EXPECT_EQ(house.orcd.ask("GET", "/v2/workers/two").status, 404);
}

TEST(Workers, OneMakesRoomBeforeAnotherIsStarted) {
    House house;
    house.pool.has_model("qwen2.5-0.5b");
    FakeWorker leaving("leaving", Manner::whole);
    auto report = leaving.report("qwen2.5-0.5b", 1);
    report.memory = mebibytes(200);
    house.pool.has_worker(report);
    house.pool.has_free_memory(mebibytes(50));
    ASSERT_EQ(house.pool.reports(), 200);

    const auto chat = house.orcd.chat("smollm2");

    ASSERT_TRUE(house.pool.server.wait_until([](const Orders& orders) { return orders.stopped.size() == 1; }));
    EXPECT_EQ(house.pool.server.orders().stopped.front(), WorkerId("leaving"));
    EXPECT_THAT(house.pool.server.orders().spawned, IsEmpty());
    house.pool.lost_worker("leaving");
    house.pool.has_free_memory(mebibytes(250));
    ASSERT_EQ(house.pool.reports(), 200);
    house.spawned_worker(1, Manner::whole);
    EXPECT_EQ(chat->status(), 200);
}

class Devices : public testing::Test {
  protected:
    /// The device of the order that follows from starting a worker like that.
    std::string ordered(std::string_view body) {
        const auto before = house.pool.server.orders().spawned.size();
        const auto answer = house.orcd.ask("POST", "/v2/workers", body);
        EXPECT_EQ(answer.status, 202) << answer.body;
        EXPECT_TRUE(house.pool.server.wait_until([&](const Orders& all) { return all.spawned.size() > before; }));
        return house.pool.server.orders().spawned.back().device.value_or("none");
    }

    House house;
};

TEST_F(Devices, AGpuIsOrderedThatHasRoomElseTheCpu) {
    house.pool.has_gpu(mebibytes(700));
    house.pool.has_gpu(mebibytes(8'000));
    ASSERT_EQ(house.pool.reports(), 200);
    EXPECT_EQ(ordered(R"({"model": "smollm2"})"), "cuda:1");

    EXPECT_EQ(ordered(R"({"model": "smollm2", "device": "cpu"})"), "cpu");
    EXPECT_EQ(ordered(R"({"model": "sim:any"})"), "cpu");
}

TEST_F(Devices, AGpuWithoutRoomOrThatWorkersCannotUseIsLeftOut) {
    house.pool.has_gpu(mebibytes(700));
    house.pool.has_gpu(mebibytes(80'000), "rbees was built without CUDA");
    ASSERT_EQ(house.pool.reports(), 200);

    EXPECT_EQ(ordered(R"({"model": "smollm2"})"), "cpu");
}

TEST_F(Devices, ANamedGpuIsRefusedWithTheNumbersAndNotReplaced) {
    house.pool.has_gpu(mebibytes(700));
    ASSERT_EQ(house.pool.reports(), 200);

    const auto full = house.orcd.ask("POST", "/v2/workers", R"({"model": "smollm2", "device": "cuda:0"})");
    EXPECT_EQ(full.status, 503);
    EXPECT_THAT(full.body, HasSubstr("INSUFFICIENT_VRAM"));
    EXPECT_THAT(full.body, HasSubstr(describe(mebibytes(760))));  // 100 and a fifth, 640 for CUDA
    EXPECT_THAT(full.body, HasSubstr(describe(mebibytes(700))));

    const auto absent = house.orcd.ask("POST", "/v2/workers", R"({"model": "smollm2", "device": "cuda:5"})");
    EXPECT_EQ(absent.status, 503);
    EXPECT_THAT(absent.body, HasSubstr("GPU_UNAVAILABLE"));
    EXPECT_THAT(absent.body, HasSubstr("cuda:5"));
    EXPECT_THAT(house.pool.server.orders().spawned, IsEmpty());
}

TEST(Models, AreFetchedAndDeletedAtTheNode) {
    House house;

    EXPECT_EQ(house.orcd.ask("POST", "/v2/models/qwen2.5-0.5b/download", "{}").status, 202);
    EXPECT_EQ(house.orcd.ask("DELETE", "/v2/models/smollm2").status, 204);

    const auto orders = house.pool.server.orders();
    ASSERT_THAT(orders.downloads, SizeIs(1));
    EXPECT_EQ(orders.downloads.front().id, ModelId("qwen2.5-0.5b"));
    EXPECT_THAT(orders.deleted, testing::ElementsAre("/v2/models/smollm2"));
}

TEST(Tokens, ARevokedOneOpensNothingFromTheAnswerOn) {
    House house;
    const auto created = house.orcd.ask("POST", "/v2/tokens", R"({"name":"friend"})");
    ASSERT_EQ(created.status, 201);
    const auto id_at = created.body.find("\"id\":\"") + 6;
    const auto id = created.body.substr(id_at, created.body.find('"', id_at) - id_at);
    const auto token_at = created.body.find("rbk_");
    const auto token = created.body.substr(token_at, created.body.find('"', token_at) - token_at);
    const auto models = [&] {
        return ask_once(
            {.port = house.orcd.port(), .method = "GET", .target = "/v1/models", .token = token, .body = {}});
    };
    EXPECT_EQ(models().status, 200);

    EXPECT_EQ(house.orcd.ask("DELETE", "/v2/tokens/" + id).status, 204);

    EXPECT_EQ(models().status, 401);
}

TEST(Tokens, AWishForFewerRightsThanTheRoleHasIsRefusedAndNothingIsMade) {
    House house;
    const auto before = house.orcd.ask("GET", "/v2/tokens").body;

    const auto refused =
        house.orcd.ask("POST", "/v2/tokens", R"({"name":"x","scopes":["a"],"models":["m"],"limits":{"rate":1}})");

    EXPECT_EQ(refused.status, 400);
    for (const auto* member : {"/scopes", "/models", "/limits"}) {
        EXPECT_THAT(refused.body,
                    HasSubstr(R"({"pointer":")" + std::string(member) + R"(","detail":"is not there yet)"));
    }
    EXPECT_EQ(house.orcd.ask("POST", "/v2/tokens", R"({"name":"x","scopes":"a"})").status, 400);
    EXPECT_EQ(house.orcd.ask("GET", "/v2/tokens").body, before);
    EXPECT_EQ(house.orcd.ask("POST", "/v2/tokens", R"({"name":"x","scopes":[],"models":null,"limits":{}})").status,
              201);
}

TEST(Restart, AfterAKillItKeepsTokensAndNodesAndRoutesToTheLivingWorker) {
    TestFolder home;
    FakePool pool("here");
    FakeWorker worker("living", Manner::whole);
    pool.has_model("smollm2");
    std::string admin;
    {
        OrcdProcess first(home.path(), {});
        ASSERT_TRUE(first.wait_until_ready());
        ASSERT_EQ(pool.registers(first), 200);
        pool.has_worker(worker.report("smollm2", 2));
        ASSERT_EQ(pool.reports(), 200);
        EXPECT_EQ(first.ask("POST", "/v2/tokens", R"({"name":"friend"})").status, 201);
        admin = first.token("admin");
        first.kill();
    }

    OrcdProcess second(home.path(), {});
    ASSERT_TRUE(second.wait_until_ready());

    EXPECT_EQ(second.token("admin"), admin);
    EXPECT_THAT(second.ask("GET", "/v2/tokens").body, HasSubstr("friend"));
    EXPECT_THAT(second.ask("GET", "/v2/nodes").body, HasSubstr("it has not registered since"));
    const auto early = second.chat("smollm2");
    ASSERT_TRUE(second.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"interactive\"} 1"));
    ASSERT_EQ(pool.registers(second), 200);
    EXPECT_EQ(early->status(), 200) << "a request that came before the node waited for it";
    EXPECT_EQ(second.chat("smollm2")->status(), 200);
    EXPECT_THAT(worker.log().tasks, SizeIs(2));
    EXPECT_THAT(pool.server.orders().spawned, IsEmpty());
}

TEST(Restart, AnOrderThatTheNodeNeverSawIsRepeatedWhenItRegisters) {
    TestFolder home;
    FakePool pool("here");
    pool.has_model("smollm2");
    {
        OrcdProcess first(home.path(), {});
        ASSERT_TRUE(first.wait_until_ready());
        ASSERT_EQ(pool.registers(first), 200);
        EXPECT_EQ(first.ask("POST", "/v2/workers", R"({"model":"smollm2"})").status, 202);
        ASSERT_TRUE(pool.server.wait_until([](const Orders& orders) { return orders.spawned.size() == 1; }));
        first.kill();
    }
    OrcdProcess second(home.path(), {});
    ASSERT_TRUE(second.wait_until_ready());

    ASSERT_EQ(pool.registers(second), 200);

    EXPECT_TRUE(pool.server.wait_until([](const Orders& orders) { return orders.spawned.size() == 2; }));
    const auto spawned = pool.server.orders().spawned;
    EXPECT_EQ(spawned.at(0).worker_id, spawned.at(1).worker_id);
}

TEST(Start, ASecondOneOnTheSameHomeEndsWithASentence) {
    House house;

    OrcdProcess second(house.folder.path(), {});

    EXPECT_EQ(second.wait_for_end(), with_failure);
    EXPECT_THAT(second.log(), HasSubstr("rbees-orcd: another rbees-orcd runs in this home"));
    EXPECT_EQ(house.orcd.ask("GET", "/health").status, 200) << "the first one is not disturbed";
    EXPECT_TRUE(std::filesystem::exists(house.folder.path() / "state" / "orcd.json"));
}

TEST(Start, ATakenPortEndsItWithASentence) {
    House house;
    TestFolder other_home;

    OrcdProcess second(other_home.path(), {}, "127.0.0.1:" + std::to_string(house.orcd.port()));

    EXPECT_EQ(second.wait_for_end(), with_failure);
    EXPECT_THAT(second.log(), HasSubstr(std::to_string(house.orcd.port())));
    EXPECT_THAT(second.log(), Not(HasSubstr("Sanitizer")));
}

TEST(Stop, FinishesWhatRunsAndLetsHeldHeartbeatsGo) {
    House house({{"RBEES_SHUTDOWN_GRACE", "10m"}});
    auto& worker = house.worker("one", Manner::held);
    house.pool.holds_a_heartbeat();
    const auto chat = house.orcd.chat("smollm2");
    ASSERT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.running == 1; }));

    house.orcd.terminate();
    worker.release();

    EXPECT_EQ(chat->status(), 200);
    EXPECT_EQ(house.orcd.wait_for_end(), as_asked) << house.orcd.log();
    EXPECT_FALSE(std::filesystem::exists(house.folder.path() / "state" / "orcd.json"));
    EXPECT_THAT(house.orcd.log(), HasSubstr("stopped"));
}

TEST(Stop, ByAClientWorksLikeBySignal) {
    House house;

    EXPECT_EQ(house.orcd.ask("POST", "/v2/shutdown").status, 202);

    EXPECT_EQ(house.orcd.wait_for_end(), as_asked) << house.orcd.log();
}

TEST(Stop, CutsWhatTakesLongerThanItMay) {
    House house({{"RBEES_SHUTDOWN_GRACE", "50ms"}});
    auto& worker = house.worker("one", Manner::held_events, 2);
    const auto runs = house.orcd.chat("smollm2");
    ASSERT_TRUE(runs->wait_for("\"n\":1"));

    house.orcd.terminate();

    EXPECT_EQ(house.orcd.wait_for_end(), as_asked) << house.orcd.log();
    EXPECT_THAT(runs->body(), Not(HasSubstr("[DONE]")));
    EXPECT_THAT(house.orcd.log(), Not(HasSubstr("Sanitizer")));
    worker.release();
}

TEST(Stop, LeavesNothingBehindWithRequestsInEveryState) {
    House house({{"RBEES_SHUTDOWN_GRACE", "10m"}});
    auto& worker = house.worker("one", Manner::held, 1);
    const auto runs = house.orcd.chat("smollm2");
    ASSERT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.running == 1; }));
    const auto waits = house.orcd.chat("smollm2");
    ASSERT_TRUE(house.orcd.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"interactive\"} 1"));
    house.pool.holds_a_heartbeat();

    house.orcd.terminate();
    ASSERT_TRUE(house.orcd.wait_for_log("stopping"));
    house.orcd.terminate();

    EXPECT_EQ(house.orcd.wait_for_end(), as_asked) << house.orcd.log();
    EXPECT_THAT(house.orcd.log(), Not(HasSubstr("Sanitizer")));
}

}  // namespace
}  // namespace rbees::orcd
