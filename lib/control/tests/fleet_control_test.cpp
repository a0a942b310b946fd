/// What nodes tell, and which picture of them is shown, with a journal of memory and without network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "control_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::NodeState;
using contracts::WorkerState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(FleetControl, AWorkerOfARemovedNodeGivesNoTicketAndIsForgotten) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 4));
    const auto slots = house.fleet.view().workers.front().slots;

    house.fleet.remove_node(NodeId("here"), {});

    EXPECT_FALSE(slots->take(orchestrator::Claim::from_queue)) << "not even from an old picture";
    EXPECT_EQ(house.fleet.life_of(WorkerId("worker")), nullptr);
}

TEST(FleetControl, RefusesAHeartbeatForAnotherOrchestratorOrOfAnUnknownNode) {
    ControlHouse house;
    house.node_registers("here", {});

    std::vector<ErrorCode> codes;
    const auto note = [&](const Checked<contracts::HeartbeatAnswer>& answer) { codes.push_back(answer.error().code); };
    house.fleet.heartbeat(NodeId("here"), {.orchestrator = "another", .hold_ms = 0, .status = {}}, note);
    const auto unknown = house.node_reports("there");

    EXPECT_THAT(codes, ElementsAre(ErrorCode::CONFLICT));
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->code, ErrorCode::CONFLICT);
    EXPECT_THAT(unknown->hint.value_or(""), HasSubstr("/v2/nodes/register"));
}

TEST(FleetControl, TakesAnOvertakenRegistrationForNoNews) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));
    contracts::NodeRegistration late;
    late.node_id = NodeId("here");
    std::optional<ErrorCode> refusal;

    house.fleet.register_node(late, [&](const Checked<contracts::NodeRegistered>& answer) {
        if (!answer) refusal = answer.error().code;
    });

    EXPECT_EQ(refusal, ErrorCode::CONFLICT);
    EXPECT_THAT(house.fleet.view().workers, SizeIs(1)) << "it was not there yet when that was sent";
}

TEST(FleetControl, SuspectsANodeWhoseConnectionBrokeUntilItIsHeardAgain) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));

    house.fleet.node_disconnected(NodeId("here"));

    EXPECT_EQ(house.fleet.presence().find(NodeId("here"))->state, NodeState::suspect);
    EXPECT_EQ(house.fleet.view().nodes, 0U);
    EXPECT_THAT(house.fleet.view().workers, SizeIs(1)) << "it keeps its work";

    house.node_reports("here");

    EXPECT_EQ(house.fleet.view().nodes, 1U);
}

/// Nodes that are lost after 20 ms of silence.
Policy impatient_policy() {
    auto policy = patient_policy();
    policy.heartbeat_interval = std::chrono::milliseconds(10);
    policy.heartbeat_missed = 2;
    return policy;
}

/// The node "here" with a ready worker, "worker", is lost.
class LostNodeTest : public testing::Test {
  protected:
    void SetUp() override {
        house.node_registers("here", {"smollm2"});
        house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));
        const auto is_lost = [&] { return house.fleet.presence().find(NodeId("here"))->state == NodeState::lost; };
        ASSERT_TRUE(house.run_until(is_lost));
    }

    ControlHouse house{impatient_policy()};
};

TEST_F(LostNodeTest, ItsWorkersAreRoutedToForAsLongAsTheyAnswer) {
    EXPECT_THAT(house.fleet.view().workers, SizeIs(1)) << "its own connection may work";
    EXPECT_FALSE(house.fleet.choose_node({})) << "nothing new goes there";

    house.fleet.worker_unreachable(WorkerId("worker"));
    const auto later = house.world.now() + std::chrono::hours(1);
    house.run_until([&] { return house.world.now() >= later; });

    EXPECT_THAT(house.fleet.view().workers, SizeIs(0)) << "not even when the pause is over";
    EXPECT_THAT(house.workers(), SizeIs(1)) << "it is not forgotten";

    house.node_reports("here");

    EXPECT_THAT(house.fleet.view().workers, SizeIs(1));
}

TEST(FleetControl, TriesAWorkerAgainThatFailedBeforeItsNodeWasHeardLast) {
    ControlHouse house(impatient_policy());
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));
    house.fleet.worker_unreachable(WorkerId("worker"));
    house.world.pass(std::chrono::milliseconds(1));
    house.node_reports("here");

    EXPECT_TRUE(house.run_until([&] { return !house.fleet.view().workers.empty(); }));

    EXPECT_EQ(house.fleet.presence().find(NodeId("here"))->state, NodeState::lost);
}

TEST(FleetControl, RepeatsALostOrderOnceTheNodeIsHeardOfAgain) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    const auto worker = house.fleet.order_worker({.model = ModelId("smollm2")}).value();
    EXPECT_THAT(house.pools.spawns, ElementsAre(worker));

    house.node_reports("here");
    EXPECT_THAT(house.pools.spawns, ElementsAre(worker, worker));

    house.node_reports("here", ControlHouse::ready(worker.str(), "smollm2", 4));
    EXPECT_THAT(house.pools.spawns, ElementsAre(worker, worker)) << "it is there";

    house.fleet.retire_worker(worker, "for a test", {});
    house.node_reports("here");
    EXPECT_THAT(house.pools.stops, ElementsAre(worker, worker));
}

TEST(FleetControl, RepeatsNoOrderThatIsNotOnDisk) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    const auto lost = house.fleet.order_worker({.model = ModelId("smollm2")}).value();
    house.journal.is_slow = true;
    house.pools.spawns.clear();

    house.fleet.retire_worker(lost, "for a test", {});
    house.node_reports("here");
    EXPECT_THAT(house.pools.stops, IsEmpty()) << "if we died now, it would never have been ordered";

    house.journal.commit();
    EXPECT_THAT(house.pools.stops, Contains(lost));
    EXPECT_THAT(house.pools.spawns, IsEmpty());
}

TEST_F(LostNodeTest, ItGetsItsOrdersWhenItIsHeardOfAgain) {
    house.fleet.retire_worker(WorkerId("worker"), "for a test", {});
    EXPECT_THAT(house.pools.stops, IsEmpty());

    house.node_reports("here");

    EXPECT_THAT(house.pools.stops, ElementsAre(WorkerId("worker")));
}

TEST(FleetControl, AnswersNothingBeforeItIsOnDisk) {
    ControlHouse house;
    house.journal.is_slow = true;
    bool is_answered = false;

    house.node_registers("here", {"smollm2"});
    house.fleet.when_durable([&] { is_answered = true; });

    EXPECT_FALSE(is_answered);
    EXPECT_EQ(house.fleet.view().nodes, 0U);

    house.journal.commit();

    EXPECT_TRUE(is_answered);
    EXPECT_EQ(house.fleet.view().nodes, 1U);
}

TEST(FleetControl, ARetiredWorkerGivesNoTicketFromThatMoment) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 4));
    const auto slots = house.fleet.view().workers.front().slots;
    house.journal.is_slow = true;

    house.fleet.retire_worker(WorkerId("worker"), "for a test", {});

    EXPECT_FALSE(slots->take(orchestrator::Claim::from_queue)) << "not even from an old picture";
    EXPECT_EQ(house.fleet.state().fleet.find(WorkerId("worker"))->state, WorkerState::draining);
}

}  // namespace
}  // namespace rbees::control
