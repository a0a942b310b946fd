#include "rbees/orchestrator_core/presence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "fleet_builders.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::NodeState;
using contracts::NodeStatus;
using contracts::WorkerState;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

NodeStatus of_start(std::string boot, std::uint64_t start_time, std::uint64_t sequence) {
    auto status = make_status(sequence);
    status.boot_id = std::move(boot);
    status.start_time = start_time;
    return status;
}

class PresenceTest : public testing::Test {
  protected:
    PresenceTest() { register_node(node); }

    void register_node(const NodeId& id, std::uint64_t sequence = 0) {
        ASSERT_EQ(registers(id, make_status(sequence)), Freshness::newer);
    }

    Freshness registers(const NodeId& id, NodeStatus status) {
        contracts::NodeRegistration registration;
        registration.node_id = id;
        registration.url = "http://127.0.0.1:9200";
        registration.call_token = "call";
        registration.status = std::move(status);
        return presence.registered(registration, now);
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

TEST_F(PresenceTest, LaterStartCountsItsReportsAnew) {
    ASSERT_EQ(presence.heard(node, make_status(50), now), Freshness::newer);

    ASSERT_EQ(registers(node, of_start("boot", 2, 0)), Freshness::newer);

    EXPECT_EQ(presence.heard(node, of_start("boot", 2, 1), now), Freshness::newer);
}

TEST_F(PresenceTest, OvertakenRegistrationReplacesNothing) {
    ASSERT_EQ(registers(node, of_start("boot", 2, 5)), Freshness::newer);

    EXPECT_EQ(registers(node, of_start("boot", 2, 4)), Freshness::stale);
    EXPECT_EQ(registers(node, of_start("boot", 1, 50)), Freshness::stale);

    EXPECT_EQ(presence.find(node)->status.sequence, 5U);
}

TEST_F(PresenceTest, RegistrationAfterARebootCountsThoughItsTicksAreFewer) {
    ASSERT_EQ(registers(node, of_start("boot", 900, 5)), Freshness::newer);

    EXPECT_EQ(registers(node, of_start("next boot", 20, 1)), Freshness::newer);
}

TEST_F(PresenceTest, HeartbeatOfAnotherStartIsUnknown) {
    ASSERT_EQ(registers(node, of_start("boot", 2, 1)), Freshness::newer);
    now += 5s;

    EXPECT_EQ(presence.heard(node, of_start("boot", 1, 50), now), Freshness::unknown);
    EXPECT_EQ(presence.heard(node, of_start("next boot", 2, 2), now), Freshness::unknown);

    EXPECT_THAT(presence.tick(now + 1s), ElementsAre(node));
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
    RC_ASSERT(presence.registered(registration, now) == Freshness::newer);
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

}  // namespace
}  // namespace rbees::orchestrator
