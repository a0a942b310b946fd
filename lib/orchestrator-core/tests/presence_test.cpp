#include "rbees/orchestrator_core/presence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "fleet_builders.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::NodeState;
using contracts::NodeStatus;
using contracts::WorkerReport;
using contracts::WorkerState;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

WorkerReport make_report(const std::string& id, WorkerState state) {
    WorkerReport report;
    report.worker_id = WorkerId(id);
    report.model = ModelId("smollm2");
    report.state = state;
    if (state != WorkerState::ready) return report;
    report.url = make_facts().url;
    report.slots = make_facts().slots;
    report.context = make_facts().context;
    report.kind = make_facts().kind;
    report.model_hash = make_facts().model_hash;
    return report;
}

NodeStatus make_status(std::uint64_t sequence, std::vector<WorkerReport> workers = {}) {
    NodeStatus status;
    status.sequence = sequence;
    status.workers = std::move(workers);
    return status;
}

class PresenceTest : public testing::Test {
  protected:
    PresenceTest() { register_node(node); }

    void register_node(const NodeId& id, std::uint64_t sequence = 0) {
        contracts::NodeRegistration registration;
        registration.node_id = id;
        registration.url = "http://127.0.0.1:9200";
        registration.call_token = "call";
        registration.status = make_status(sequence);
        presence.registered(registration, now);
    }

    [[nodiscard]] NodeState state() const { return presence.find(node)->state; }

    Presence presence{{.interval = 2s, .missed = 3}};
    Instant now{};
    const NodeId node{"n"};
};

TEST_F(PresenceTest, RegisteredNodeIsReadyWithWhatItTold) {
    const auto* found = presence.find(node);

    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->state, NodeState::ready);
    EXPECT_EQ(found->url, "http://127.0.0.1:9200");
    EXPECT_EQ(found->call_token, "call");
}

TEST_F(PresenceTest, SilentNodeIsSuspectThenLost) {
    EXPECT_THAT(presence.tick(now + 4s - 1ms), IsEmpty());
    EXPECT_EQ(state(), NodeState::ready);

    EXPECT_THAT(presence.tick(now + 4s), ElementsAre(node));
    EXPECT_EQ(state(), NodeState::suspect);
    EXPECT_THAT(presence.tick(now + 6s - 1ms), IsEmpty());

    EXPECT_THAT(presence.tick(now + 6s), ElementsAre(node));
    EXPECT_EQ(state(), NodeState::lost);
    EXPECT_FALSE(presence.find(node)->reason.empty());
    EXPECT_THAT(presence.tick(now + 60s), IsEmpty());
}

TEST_F(PresenceTest, NodeThatIsHeardAgainIsReady) {
    for (const auto silence : {4s, 6s}) {
        now += silence;
        ASSERT_THAT(presence.tick(now), ElementsAre(node));

        EXPECT_EQ(presence.heard(node, make_status(1), now), Freshness::newer);

        EXPECT_EQ(state(), NodeState::ready);
        EXPECT_EQ(presence.find(node)->reason, "");
        EXPECT_THAT(presence.tick(now + 3s), IsEmpty());
    }
}

TEST_F(PresenceTest, BrokenConnectionMakesANodeSuspectAtOnceAndLostInItsTime) {
    presence.disconnected(node);

    EXPECT_EQ(state(), NodeState::suspect);
    EXPECT_EQ(presence.next_change(), now + 6s);
    EXPECT_THAT(presence.tick(now + 4s), IsEmpty());
    EXPECT_EQ(presence.find(node)->reason, "its connection broke");
    EXPECT_THAT(presence.tick(now + 6s), ElementsAre(node));
}

TEST_F(PresenceTest, BrokenConnectionDoesNotBringALostNodeBack) {
    ASSERT_THAT(presence.tick(now + 6s), ElementsAre(node));

    presence.disconnected(node);

    EXPECT_EQ(state(), NodeState::lost);
}

TEST_F(PresenceTest, OvertakenStatusIsIgnoredButCountsAsASignOfLife) {
    ASSERT_EQ(presence.heard(node, make_status(5, {make_report("w", WorkerState::ready)}), now), Freshness::newer);
    now += 3s;

    EXPECT_EQ(presence.heard(node, make_status(4), now), Freshness::stale);

    EXPECT_EQ(presence.find(node)->status.sequence, 5U);
    EXPECT_THAT(presence.find(node)->status.workers, SizeIs(1));
    EXPECT_THAT(presence.tick(now + 3s), IsEmpty());
}

TEST_F(PresenceTest, NewRegistrationCountsItsReportsAnew) {
    ASSERT_EQ(presence.heard(node, make_status(50), now), Freshness::newer);

    register_node(node);

    EXPECT_EQ(presence.heard(node, make_status(1), now), Freshness::newer);
}

TEST_F(PresenceTest, NodeThatNeverRegisteredIsUnknown) {
    EXPECT_EQ(presence.heard(NodeId("stranger"), make_status(1), now), Freshness::unknown);
    presence.disconnected(NodeId("stranger"));
    EXPECT_EQ(presence.find(NodeId("stranger")), nullptr);

    presence.removed(node);

    EXPECT_EQ(presence.heard(node, make_status(1), now), Freshness::unknown);
}

TEST_F(PresenceTest, NextChangeIsThatOfTheNodeThatIsDueFirst) {
    now += 1s;
    register_node(NodeId("later"));

    EXPECT_EQ(presence.next_change(), Instant{} + 4s);
    ASSERT_THAT(presence.tick(Instant{} + 6s), SizeIs(2));
    EXPECT_EQ(presence.next_change(), now + 6s);
    ASSERT_THAT(presence.tick(now + 6s), SizeIs(1));
    EXPECT_FALSE(presence.next_change());
}

TEST_F(PresenceTest, FindsTheReportOfAWorkerOnItsOwnNodeOnly) {
    ASSERT_EQ(presence.heard(node, make_status(1, {make_report("w", WorkerState::ready)}), now), Freshness::newer);

    EXPECT_NE(presence.report_of(make_worker("w", "n")), nullptr);
    EXPECT_EQ(presence.report_of(make_worker("w", "elsewhere")), nullptr);
    EXPECT_EQ(presence.report_of(make_worker("absent", "n")), nullptr);
}

RC_GTEST_PROP(PresenceProperty, StateFollowsFromTheSilence, ()) {
    const PresenceTiming timing{.interval = 2s, .missed = *rc::gen::inRange(2U, 6U)};
    Presence presence(timing);
    contracts::NodeRegistration registration;
    registration.node_id = NodeId("n");
    Instant now{};
    Instant heard{};
    bool is_broken = false;
    presence.registered(registration, now);
    const auto steps = *rc::gen::inRange<std::uint64_t>(0, 30);

    for (std::uint64_t step = 1; step <= steps; ++step) {
        now += std::chrono::milliseconds(*rc::gen::inRange(0, 5000));
        const auto happens = *rc::gen::weightedElement<int>({{2, 0}, {1, 1}, {4, 2}});
        if (happens == 0) RC_ASSERT((presence.heard(NodeId("n"), make_status(step), now) == Freshness::newer));
        if (happens == 0) heard = now;
        if (happens == 1) presence.disconnected(NodeId("n"));
        if (happens != 2) is_broken = happens == 1;
        const auto change = presence.next_change();
        const bool was_due = change && *change <= now;
        const auto changed = presence.tick(now);

        const auto silence = now - heard;
        const bool is_late = is_broken || silence >= timing.interval * (timing.missed - 1);
        const auto expected = silence >= timing.interval * timing.missed ? NodeState::lost
                              : is_late                                  ? NodeState::suspect
                                                                         : NodeState::ready;
        RC_ASSERT((presence.find(NodeId("n"))->state == expected));
        RC_ASSERT(changed.empty() != was_due);
    }
}

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
