/// What a node's report means for the fleet that orcd keeps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fleet_builders.hpp"
#include "rbees/orchestrator_core/presence.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::NodeStatus;
using contracts::WorkerReport;
using contracts::WorkerState;
using testing::IsEmpty;
using testing::SizeIs;

/// A fleet with the worker `w` on the node `n` in this state.
Fleet fleet_with(WorkerState state) {
    Fleet fleet;
    fleet.restore(make_node("n"));
    auto worker = make_worker("w", "n");
    worker.state = state;
    if (state == WorkerState::draining) worker.reason = "idle";
    fleet.restore(worker);
    return fleet;
}

std::vector<FleetCommand> reconcile(const Fleet& fleet, std::vector<WorkerReport> workers) {
    return reconcile_report(fleet, NodeId("n"), make_status(1, std::move(workers)), WallTime{});
}

TEST(ReconcileReport, ConfirmsAWorkerThatBecameReady) {
    const auto commands = reconcile(fleet_with(WorkerState::starting), {make_report("w", WorkerState::ready)});

    ASSERT_THAT(commands, SizeIs(1));
    const auto& confirm = std::get<ConfirmWorker>(commands.front());
    EXPECT_EQ(confirm.worker, WorkerId("w"));
    EXPECT_EQ(confirm.facts.url, make_facts().url);
    EXPECT_EQ(confirm.facts.slots, make_facts().slots);
    EXPECT_EQ(confirm.facts.model_hash, make_facts().model_hash);
}

TEST(ReconcileReport, SaysNothingAboutWhatIsAsKnown) {
    for (const auto state : {WorkerState::starting, WorkerState::ready, WorkerState::draining}) {
        EXPECT_THAT(reconcile(fleet_with(state), {make_report("w", state)}), IsEmpty());
    }
}

TEST(ReconcileReport, BuriesAFailedWorkerWithItsReasonAndCode) {
    auto report = make_report("w", WorkerState::failed);
    report.reason = "not enough memory";
    report.error_code = "INSUFFICIENT_MEMORY";

    const auto commands = reconcile(fleet_with(WorkerState::starting), {report});

    ASSERT_THAT(commands, SizeIs(1));
    const auto& bury = std::get<BuryWorker>(commands.front());
    EXPECT_EQ(bury.outcome, WorkerState::failed);
    EXPECT_EQ(bury.reason, "not enough memory");
    EXPECT_EQ(bury.error_code, ErrorCode::INSUFFICIENT_MEMORY);
}

TEST(ReconcileReport, BuriesAFailedWorkerWhoseCodeIsOfANewerRelease) {
    auto report = make_report("w", WorkerState::failed);
    report.error_code = "SOMETHING_NEW";

    const auto commands = reconcile(fleet_with(WorkerState::ready), {report});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_FALSE(std::get<BuryWorker>(commands.front()).error_code);
}

TEST(ReconcileReport, StoppedWorkerKeepsTheReasonForWhichItWasRetired) {
    const auto commands = reconcile(fleet_with(WorkerState::draining), {make_report("w", WorkerState::stopped)});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_EQ(std::get<BuryWorker>(commands.front()).reason, "idle");
}

TEST(ReconcileReport, BuriesAReadyWorkerThatDoesNotProveItself) {
    auto report = make_report("w", WorkerState::failed);
    report.orphan = true;

    const auto commands = reconcile(fleet_with(WorkerState::ready), {report});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_EQ(std::get<BuryWorker>(commands.front()).outcome, WorkerState::failed);
}

TEST(ReconcileReport, KeepsTheOrderToStopAWorkerThatDoesNotProveItself) {
    auto report = make_report("w", WorkerState::failed);
    report.orphan = true;

    EXPECT_THAT(reconcile(fleet_with(WorkerState::draining), {report}), IsEmpty());
}

TEST(ReconcileReport, MissingReadyWorkerHasFailed) {
    const auto commands = reconcile(fleet_with(WorkerState::ready), {});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_EQ(std::get<BuryWorker>(commands.front()).outcome, WorkerState::failed);
    EXPECT_FALSE(std::get<BuryWorker>(commands.front()).reason.empty());
}

TEST(ReconcileReport, MissingRetiredWorkerHasStopped) {
    const auto commands = reconcile(fleet_with(WorkerState::draining), {});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_EQ(std::get<BuryWorker>(commands.front()).outcome, WorkerState::stopped);
    EXPECT_EQ(std::get<BuryWorker>(commands.front()).reason, "idle");
}

TEST(ReconcileReport, LeavesAnOrderedWorkerAloneThatTheNodeHasNotSeenYet) {
    EXPECT_THAT(reconcile(fleet_with(WorkerState::starting), {}), IsEmpty());
}

TEST(ReconcileReport, LeavesWorkersOfOtherNodesAlone) {
    Fleet fleet = fleet_with(WorkerState::ready);

    EXPECT_THAT(reconcile_report(fleet, NodeId("other"), make_status(1), WallTime{}), IsEmpty());
}

TEST(ReconcileReport, LeavesWhatEndedAlone) {
    for (const auto state : {WorkerState::failed, WorkerState::stopped}) {
        EXPECT_THAT(reconcile(fleet_with(state), {}), IsEmpty());
        EXPECT_THAT(reconcile(fleet_with(state), {make_report("w", WorkerState::ready)}), IsEmpty());
    }
}

TEST(ReconcileReport, RetiresAWorkerThatItsPoolManagerStops) {
    const auto commands = reconcile(fleet_with(WorkerState::ready), {make_report("w", WorkerState::draining)});

    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_EQ(std::get<RetireWorker>(commands.front()).worker, WorkerId("w"));
}

TEST(ReconcileReport, AdoptsAnUnknownWorkerAsWhatItIs) {
    for (const auto state : {WorkerState::starting, WorkerState::ready, WorkerState::draining}) {
        auto fleet = fleet_with(WorkerState::starting);
        auto report = make_report("new", state);
        report.device = "cuda:0";

        for (const auto& command : reconcile(fleet, {report})) {
            ASSERT_TRUE(decide_and_apply(fleet, command));
        }

        const auto* adopted = fleet.find(WorkerId("new"));
        ASSERT_NE(adopted, nullptr);
        EXPECT_EQ(adopted->state, state);
        EXPECT_EQ(adopted->node, NodeId("n"));
        EXPECT_EQ(adopted->device, "cuda:0");
        EXPECT_EQ(adopted->url.has_value(), state == WorkerState::ready);
    }
}

TEST(ReconcileReport, DoesNotAdoptWhatEnded) {
    for (const auto state : {WorkerState::failed, WorkerState::stopped}) {
        EXPECT_THAT(reconcile(fleet_with(WorkerState::starting), {make_report("new", state)}), IsEmpty());
    }
}

TEST(ReconcileReport, LeavesOrphansAlone) {
    auto stranger = make_report("stranger", WorkerState::ready);
    stranger.orphan = true;
    auto namesake = make_report("w", WorkerState::ready);
    namesake.orphan = true;

    EXPECT_THAT(reconcile(fleet_with(WorkerState::starting), {stranger, namesake}), IsEmpty());
}

WorkerReport any_report(const std::string& id) {
    using enum WorkerState;
    auto report = make_report(id, *rc::gen::element(starting, ready, draining, failed, stopped));
    report.orphan = *rc::gen::weightedElement<bool>({{1, true}, {5, false}});
    return report;
}

RC_GTEST_PROP(ReconcileReportProperty, OneReportIsTakenInAtOnceAndNeverRefused, ()) {
    Fleet fleet;
    for (const auto* id : {"n1", "n2"}) {
        fleet.restore(any_node(NodeId(id)));
    }
    const auto known = *rc::gen::inRange(0, 4);
    for (int index = 0; index < known; ++index) {
        fleet.restore(any_worker(any_worker_id(), *rc::gen::element<std::string>("n1", "n2")));
    }
    NodeStatus status;
    for (const auto* id : {"w1", "w2", "w3", "w4"}) {
        if (*rc::gen::arbitrary<bool>()) status.workers.push_back(any_report(id));
    }
    const auto before = fleet.workers();

    for (const auto& command : reconcile_report(fleet, NodeId("n1"), status, any_time())) {
        RC_ASSERT(decide_and_apply(fleet, command).has_value());
    }

    for (const auto& [id, worker] : before) {
        if (worker.node == NodeId("n2")) RC_ASSERT((fleet.workers().at(id) == worker));
    }
    for (const auto& command : reconcile_report(fleet, NodeId("n1"), status, any_time())) {
        const auto again = fleet.decide(command);
        RC_ASSERT((again && again->records.empty()));
    }
}

}  // namespace
}  // namespace rbees::orchestrator
