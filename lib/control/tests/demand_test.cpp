/// Waiting, ordering and refusing, with a journal of memory and without network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "control_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::WorkerState;
using testing::HasSubstr;
using testing::SizeIs;

contracts::WorkerReport failed(const WorkerId& worker, const std::string& reason) {
    contracts::WorkerReport report;
    report.worker_id = worker;
    report.model = ModelId("smollm2");
    report.state = WorkerState::failed;
    report.reason = reason;
    report.error_code = "MODEL_LOAD_FAILED";
    return report;
}

TEST(Demand, OrdersOneWorkerForAllThatWaitForItsModel) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});

    for (std::uint64_t number = 1; number <= 20; ++number) {
        house.request(number, "smollm2");
    }

    EXPECT_THAT(house.workers(), SizeIs(1));
    EXPECT_TRUE(house.answers.empty());
    EXPECT_EQ(house.demand.waiting(), 20U);
}

TEST(Demand, HandsOutTheSlotsOfAReadyWorkerInOrderAndNeverMore) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    for (std::uint64_t number = 1; number <= 4; ++number) {
        house.request(number, "smollm2");
    }

    house.node_reports("here", ControlHouse::ready(house.workers().front().str(), "smollm2", 2));

    EXPECT_TRUE(house.is_served(1));
    EXPECT_TRUE(house.is_served(2));
    EXPECT_EQ(house.answers.size(), 2U);

    house.answers.erase(2);  // gives its slot back

    EXPECT_TRUE(house.run_until([&] { return house.is_served(3); }));
    EXPECT_FALSE(house.answers.contains(4));
}

TEST(Demand, RefusesOneMoreThanTheQueueHolds) {
    auto policy = patient_policy();
    policy.queue_capacity = 2;
    ControlHouse house(policy);
    house.node_registers("here", {"smollm2"});

    for (std::uint64_t number = 1; number <= 3; ++number) {
        house.request(number, "smollm2");
    }

    EXPECT_EQ(house.code_of(3), ErrorCode::QUEUE_FULL);
    EXPECT_EQ(house.refusal_of(3)->limit, "queue.capacity");
    EXPECT_EQ(house.answers.size(), 1U);
}

TEST(Demand, TellsEverybodyWhyAModelCouldNotBeLoadedAndPausesBeforeTheNextTry) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.request(1, "smollm2");
    house.request(2, "smollm2");

    house.node_reports("here", failed(house.workers().front(), "the file is damaged"));

    EXPECT_EQ(house.code_of(1), ErrorCode::MODEL_LOAD_FAILED);
    EXPECT_THAT(house.refusal_of(1)->detail, HasSubstr("the file is damaged"));
    EXPECT_EQ(house.code_of(2), ErrorCode::MODEL_LOAD_FAILED);

    house.request(3, "smollm2");

    EXPECT_EQ(house.code_of(3), ErrorCode::MODEL_LOAD_FAILED) << "refused at once, without another try";
    EXPECT_TRUE(house.workers().empty());

    house.fleet.forget_load_failure(ModelId("smollm2"));
    house.request(4, "smollm2");

    EXPECT_FALSE(house.answers.contains(4));
    EXPECT_THAT(house.workers(), SizeIs(1));
}

TEST(Demand, SaysThatAModelIsNotOnDisk) {
    ControlHouse house;
    house.node_registers("here", {});

    house.request(1, "smollm2");

    EXPECT_EQ(house.code_of(1), ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(house.refusal_of(1)->hint, "rbees models pull smollm2");
}

TEST(Demand, RefusesWhatCannotBeRecorded) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.journal.is_full = true;

    house.request(1, "smollm2");

    EXPECT_EQ(house.code_of(1), ErrorCode::STORAGE_FULL);
    EXPECT_TRUE(house.workers().empty());
}

TEST(Demand, WaitsForANodeThatMayComeBackAndOrdersThen) {
    ControlHouse house;
    house.request(1, "smollm2");

    EXPECT_TRUE(house.answers.empty());
    house.node_registers("here", {"smollm2"});

    EXPECT_TRUE(house.answers.empty());
    EXPECT_THAT(house.workers(), SizeIs(1));
}

TEST(Demand, NamesTheSlowLoadWhenThatWasWaitedForTooLong) {
    auto policy = patient_policy();
    policy.load_deadline = std::chrono::milliseconds(20);
    ControlHouse house(policy);
    house.node_registers("here", {"smollm2"});

    house.request(1, "smollm2");

    EXPECT_TRUE(house.run_until([&] { return house.answers.contains(1); }));
    EXPECT_EQ(house.code_of(1), ErrorCode::WORKER_START_TIMEOUT);
    EXPECT_EQ(house.refusal_of(1)->limit, "models.load_deadline");
    EXPECT_EQ(house.demand.waiting(), 0U);
}

TEST(Demand, NamesTheFullSlotsWhenThoseWereWaitedForTooLong) {
    auto policy = patient_policy();
    policy.queue_wait = std::chrono::milliseconds(20);
    ControlHouse house(policy);
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));

    house.request(1, "smollm2");
    house.request(2, "smollm2");

    EXPECT_TRUE(house.is_served(1));
    EXPECT_TRUE(house.run_until([&] { return house.answers.contains(2); }));
    EXPECT_EQ(house.code_of(2), ErrorCode::WORKER_TIMEOUT);
    EXPECT_EQ(house.refusal_of(2)->limit, "queue.wait");
}

TEST(Demand, NamesTheMissingNodeWhenThatWasWaitedForTooLong) {
    auto policy = patient_policy();
    policy.load_deadline = std::chrono::milliseconds(20);
    ControlHouse house(policy);
    house.node_registers("here", {"smollm2"});
    house.request(1, "smollm2");

    house.fleet.node_disconnected(NodeId("here"));

    EXPECT_TRUE(house.run_until([&] { return house.answers.contains(1); }));
    EXPECT_EQ(house.code_of(1), ErrorCode::POOL_UNAVAILABLE);
}

TEST(Demand, ForgetsARequestWhoseClientLeft) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.request(1, "smollm2");
    house.request(2, "smollm2");

    house.demand.leave(orchestrator::WaitId{1});
    house.demand.leave(orchestrator::WaitId{77});
    house.node_reports("here", ControlHouse::ready(house.workers().front().str(), "smollm2", 1));

    EXPECT_EQ(house.code_of(1), ErrorCode::CANCELLED);
    EXPECT_TRUE(house.is_served(2));
}

TEST(Demand, OrdersNoSecondWorkerWhileTheFirstOnesReadinessIsOnItsWayToTheDisk) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.request(1, "smollm2");
    house.journal.is_slow = true;
    house.node_reports("here", ControlHouse::ready(house.workers().front().str(), "smollm2", 2));

    house.request(2, "smollm2");

    EXPECT_TRUE(house.answers.empty()) << "nothing may rest on what is not on disk";
    EXPECT_THAT(house.workers(), SizeIs(1));

    house.journal.commit();

    EXPECT_TRUE(house.is_served(1));
    EXPECT_TRUE(house.is_served(2));
    EXPECT_THAT(house.workers(), SizeIs(1));
}

TEST(Demand, NeitherHandsOutNorReplacesAWorkerThatCouldJustNotBeReached) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 4));
    house.journal.is_slow = true;
    house.node_reports("here", ControlHouse::ready("another", "other", 4));

    // The picture without it comes behind what is on its way to the disk.
    house.fleet.worker_unreachable(WorkerId("worker"));
    house.request(1, "smollm2");
    house.journal.commit();

    EXPECT_TRUE(house.answers.empty());
    EXPECT_THAT(house.workers(), SizeIs(2));
}

TEST(Demand, GivesAWorkerThatCouldNotBeReachedAnotherChance) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 4));
    house.fleet.worker_unreachable(WorkerId("worker"));

    house.request(1, "smollm2");

    EXPECT_TRUE(house.run_until([&] { return house.is_served(1); })) << "without a word from the node";
}

TEST(Demand, OrdersAnotherWorkerWhenTheUnreachableOneTurnsOutDead) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 4));
    house.fleet.worker_unreachable(WorkerId("worker"));
    house.request(1, "smollm2");

    house.node_reports("here", failed(WorkerId("worker"), "killed by signal 9"));

    EXPECT_TRUE(house.answers.empty());
    ASSERT_THAT(house.workers(), SizeIs(1));
    EXPECT_NE(house.workers().front(), WorkerId("worker"));
}

TEST(Demand, TellsThoseWhoWaitForNodesOnceEveryKnownOneCame) {
    ControlHouse before;
    before.node_registers("here", {});
    before.node_registers("there", {});
    ControlHouse house(patient_policy(), before.fleet.state());
    house.ask_for_nodes(1);
    house.node_registers("here", {"smollm2"});

    EXPECT_FALSE(house.fleet.view().is_complete) << "the other one may have the model";
    EXPECT_FALSE(house.arrivals.contains(1));

    house.node_registers("there", {});

    EXPECT_TRUE(house.fleet.view().is_complete);
    ASSERT_TRUE(house.arrivals.contains(1));
    EXPECT_TRUE(house.arrivals.at(1).has_value());
    EXPECT_EQ(house.demand.waiting(), 0U);
}

TEST(Demand, ForgetsOneWhoWaitedForNodesAndLeft) {
    ControlHouse house;
    house.ask_for_nodes(1);

    house.demand.leave(orchestrator::WaitId{1});
    house.node_registers("here", {});

    ASSERT_TRUE(house.arrivals.contains(1));
    EXPECT_EQ(house.arrivals.at(1).error().code, ErrorCode::CANCELLED);
}

TEST(Demand, CountsThoseWhoWaitForNodesAgainstTheLimit) {
    auto policy = patient_policy();
    policy.queue_capacity = 1;
    ControlHouse house(policy);
    house.ask_for_nodes(1);

    house.ask_for_nodes(2);
    house.request(3, "smollm2");

    ASSERT_TRUE(house.arrivals.contains(2));
    EXPECT_EQ(house.arrivals.at(2).error().code, ErrorCode::QUEUE_FULL);
    EXPECT_EQ(house.code_of(3), ErrorCode::QUEUE_FULL);
    EXPECT_FALSE(house.arrivals.contains(1));
}

}  // namespace
}  // namespace rbees::control
