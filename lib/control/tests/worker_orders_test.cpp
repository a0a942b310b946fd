/// Orders to pool managers that may be lost, repeated, or not wanted any more.

#include "rbees/control/worker_orders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "no_pools.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::WorkerState;
using orchestrator::SpawnEffect;
using orchestrator::StopEffect;
using testing::ElementsAre;
using testing::IsEmpty;

/// One node, "here", whose pool manager answers as `pools` says.
class WorkerOrdersTest : public testing::Test {
  protected:
    WorkerOrdersTest() {
        orchestrator::Node node;
        node.id = here;
        fleet.restore(node);
        contracts::NodeRegistration registration;
        registration.node_id = here;
        registration.url = "http://here";
        EXPECT_EQ(presence.registered(registration, Instant{}), orchestrator::Freshness::newer);
    }

    void worker_is(const std::string& name, WorkerState state) {
        orchestrator::Worker worker;
        worker.id = WorkerId(name);
        worker.node = here;
        worker.state = state;
        fleet.restore(worker);
    }
    void worker_has_ended(const std::string& name) {
        fleet.apply(orchestrator::WorkerEnded{WorkerId(name), WorkerState::stopped, "for a test", {}});
        fleet.forget_ended();
    }
    void run_missed() {
        for (const auto& order : orders.take_missed(here)) {
            orders.run(order);
        }
    }

    const NodeId here{"here"};
    orchestrator::Fleet fleet;
    orchestrator::Presence presence{{.interval = std::chrono::seconds(1), .missed = 3}};
    NoPools pools;
    std::vector<WorkerId> refused;
    std::vector<WorkerId> ended;
    WorkerOrders orders{{.pools = pools,
                         .fleet = fleet,
                         .presence = presence,
                         .refused = [this](const WorkerId& worker, const auto&) { refused.push_back(worker); },
                         .had_ended = [this](const WorkerId& worker) { ended.push_back(worker); },
                         .log = {}}};
};

TEST_F(WorkerOrdersTest, ALostStartIsRepeatedAsLongAsItIsLost) {
    worker_is("new", WorkerState::starting);
    orders.run(SpawnEffect{WorkerId("new")});
    run_missed();
    run_missed();
    EXPECT_EQ(pools.spawns.size(), 3U);

    pools.taken = true;
    run_missed();
    run_missed();
    EXPECT_EQ(pools.spawns.size(), 4U);
}

TEST_F(WorkerOrdersTest, AStartThatWaitsForRoomIsRunOnceHoweverOftenItIsRepeated) {
    worker_is("old", WorkerState::draining);
    worker_is("new", WorkerState::starting);
    orders.start_after(WorkerId("new"), {WorkerId("old")});
    orders.run(StopEffect{WorkerId("old"), here});
    for (int time = 0; time < 10; ++time) {
        for (const auto& order : orders.owed_to(here)) {
            orders.run(order);
        }
    }
    EXPECT_THAT(pools.spawns, IsEmpty());

    worker_has_ended("old");
    orders.run_postponed();

    EXPECT_THAT(pools.spawns, ElementsAre(WorkerId("new")));
}

TEST_F(WorkerOrdersTest, AWorkerThatIsToStopMeanwhileIsNotStarted) {
    worker_is("old", WorkerState::draining);
    worker_is("new", WorkerState::starting);
    orders.start_after(WorkerId("new"), {WorkerId("old")});
    orders.run(SpawnEffect{WorkerId("new")});

    worker_is("new", WorkerState::draining);
    worker_has_ended("old");
    orders.run_postponed();

    EXPECT_THAT(pools.spawns, IsEmpty());
}

TEST_F(WorkerOrdersTest, AnOrderIsNotUnderWayTwice) {
    pools.holds = true;
    worker_is("new", WorkerState::starting);
    worker_is("old", WorkerState::draining);
    for (int time = 0; time < 3; ++time) {
        orders.run(SpawnEffect{WorkerId("new")});
        orders.run(StopEffect{WorkerId("old"), here});
    }
    EXPECT_THAT(pools.spawns, ElementsAre(WorkerId("new")));
    EXPECT_THAT(pools.stops, ElementsAre(WorkerId("old")));

    pools.lose_all();
    run_missed();

    EXPECT_EQ(pools.spawns.size(), 2U);
    EXPECT_EQ(pools.stops.size(), 2U);
}

TEST_F(WorkerOrdersTest, AStopThatIsAnsweredWithAnErrorIsRepeated) {
    pools.refusal = contracts::Problem{.code = ErrorCode::INTERNAL, .detail = "for a test"};
    worker_is("old", WorkerState::draining);
    orders.run(StopEffect{WorkerId("old"), here});
    run_missed();
    EXPECT_EQ(pools.stops.size(), 2U);

    pools.refusal->code = ErrorCode::WORKER_NOT_FOUND;
    run_missed();
    EXPECT_THAT(ended, ElementsAre(WorkerId("old")));
}

TEST_F(WorkerOrdersTest, AStartThatIsRefusedIsTold) {
    pools.refusal = contracts::Problem{.code = ErrorCode::INSUFFICIENT_MEMORY, .detail = "for a test"};
    worker_is("new", WorkerState::starting);

    orders.run(SpawnEffect{WorkerId("new")});

    EXPECT_THAT(refused, ElementsAre(WorkerId("new")));
    EXPECT_THAT(orders.take_missed(here), IsEmpty());
}

}  // namespace
}  // namespace rbees::control
