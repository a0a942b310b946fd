#include "rbees/orchestrator_core/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "fleet_builders.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::WorkerState;
using testing::IsEmpty;
using testing::SizeIs;

class FleetTest : public testing::Test {
  protected:
    FleetOutcome run(const FleetCommand& command) { return decide_and_apply(fleet, command); }

    [[nodiscard]] const Worker& worker(const std::string& id) const { return fleet.workers().at(WorkerId(id)); }

    Fleet fleet;
};

TEST_F(FleetTest, WorkerIsSpawnedOnceItIsRecorded) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));

    const auto outcome = run(CreateWorker{make_worker("w", "n")});

    ASSERT_TRUE(outcome);
    ASSERT_THAT(outcome->effects, SizeIs(1));
    EXPECT_EQ(std::get<SpawnEffect>(outcome->effects.front()).worker, WorkerId("w"));
    EXPECT_EQ(worker("w").state, WorkerState::starting);
}

TEST_F(FleetTest, SameOrderAgainSpawnsNothing) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));

    const auto again = run(CreateWorker{make_worker("w", "n")});

    ASSERT_TRUE(again);
    EXPECT_THAT(again->records, IsEmpty());
    EXPECT_THAT(again->effects, IsEmpty());
}

TEST_F(FleetTest, ConfirmedWorkerIsReadyWithTheFactsThatWereFound) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));

    ASSERT_TRUE(run(ConfirmWorker{WorkerId("w"), make_facts()}));

    EXPECT_EQ(worker("w").state, WorkerState::ready);
    EXPECT_EQ(worker("w").url, make_facts().url);
    EXPECT_EQ(worker("w").slots, make_facts().slots);
    EXPECT_EQ(worker("w").context, make_facts().context);
    EXPECT_THAT(fleet.reconcile(), IsEmpty());
}

TEST_F(FleetTest, RetiredWorkerIsAskedToStopAndAskedAgainOnRepeat) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));

    const auto first = run(RetireWorker{WorkerId("w"), "idle"});
    const auto again = run(RetireWorker{WorkerId("w"), "asked"});

    ASSERT_TRUE(first && again);
    EXPECT_THAT(first->records, SizeIs(1));
    EXPECT_THAT(again->records, IsEmpty());
    EXPECT_THAT(again->effects, SizeIs(1));
    EXPECT_EQ(worker("w").state, WorkerState::draining);
    EXPECT_EQ(worker("w").reason, "idle");
}

TEST_F(FleetTest, RetiredWorkerDoesNotBecomeReadyByALateReport) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));
    ASSERT_TRUE(run(RetireWorker{WorkerId("w"), "idle"}));

    ASSERT_TRUE(run(ConfirmWorker{WorkerId("w"), make_facts()}));

    EXPECT_EQ(worker("w").state, WorkerState::draining);
}

TEST_F(FleetTest, FailedWorkerSaysWhyUntilItIsForgotten) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));

    ASSERT_TRUE(run(BuryWorker{WorkerId("w"), WorkerState::failed, "no memory", ErrorCode::INSUFFICIENT_MEMORY}));

    EXPECT_EQ(worker("w").state, WorkerState::failed);
    EXPECT_EQ(worker("w").reason, "no memory");
    EXPECT_EQ(worker("w").error_code, ErrorCode::INSUFFICIENT_MEMORY);
    fleet.forget_ended();
    EXPECT_EQ(fleet.find(WorkerId("w")), nullptr);
}

TEST_F(FleetTest, DrainingNodeStopsItsWorkersAndTakesNoNewOne) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(AdmitNode{make_node("other")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("elsewhere", "other")}));

    const auto drained = run(DrainNode{NodeId("n")});
    const auto refused = run(CreateWorker{make_worker("late", "n")});

    ASSERT_TRUE(drained);
    ASSERT_THAT(drained->effects, SizeIs(1));
    EXPECT_EQ(std::get<StopEffect>(drained->effects.front()).worker, WorkerId("w"));
    EXPECT_EQ(worker("w").state, WorkerState::draining);
    EXPECT_EQ(worker("elsewhere").state, WorkerState::starting);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::POOL_UNAVAILABLE);
}

TEST_F(FleetTest, WorkerThatTurnsUpOnADrainingNodeIsStoppedToo) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(DrainNode{NodeId("n")}));

    const auto adopted = run(AdoptWorker{make_worker("w", "n")});

    ASSERT_TRUE(adopted);
    EXPECT_THAT(adopted->effects, SizeIs(1));
    EXPECT_EQ(worker("w").state, WorkerState::draining);
}

TEST_F(FleetTest, AdoptedWorkerIsNotSpawned) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));

    const auto adopted = run(AdoptWorker{make_worker("w", "n")});

    ASSERT_TRUE(adopted);
    EXPECT_THAT(adopted->effects, IsEmpty());
    EXPECT_NE(fleet.find(WorkerId("w")), nullptr);
}

TEST_F(FleetTest, NodeThatRegistersAgainStaysDraining) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(DrainNode{NodeId("n")}));
    auto moved = make_node("n");
    moved.url = "http://127.0.0.1:9300";
    moved.registered_at += std::chrono::hours(1);

    ASSERT_TRUE(run(AdmitNode{moved}));

    const auto* node = fleet.find(NodeId("n"));
    EXPECT_TRUE(node->draining);
    EXPECT_EQ(node->url, moved.url);
    EXPECT_EQ(node->registered_at, make_node("n").registered_at);
}

TEST_F(FleetTest, WorkersEndWithTheirNode) {
    ASSERT_TRUE(run(AdmitNode{make_node("n")}));
    ASSERT_TRUE(run(CreateWorker{make_worker("w", "n")}));

    ASSERT_TRUE(run(RemoveNode{NodeId("n")}));

    EXPECT_EQ(fleet.find(NodeId("n")), nullptr);
    EXPECT_EQ(worker("w").state, WorkerState::stopped);
    EXPECT_THAT(fleet.reconcile(), IsEmpty());
}

TEST_F(FleetTest, RefusesWhatNamesNobodyKnown) {
    EXPECT_EQ(run(RemoveNode{NodeId("n")}).error().code, ErrorCode::NOT_FOUND);
    EXPECT_EQ(run(DrainNode{NodeId("n")}).error().code, ErrorCode::NOT_FOUND);
    EXPECT_EQ(run(CreateWorker{make_worker("w", "n")}).error().code, ErrorCode::NOT_FOUND);
    EXPECT_EQ(run(AdoptWorker{make_worker("w", "n")}).error().code, ErrorCode::NOT_FOUND);
    EXPECT_EQ(run(ConfirmWorker{WorkerId("w"), {}}).error().code, ErrorCode::WORKER_NOT_FOUND);
    EXPECT_EQ(run(RetireWorker{WorkerId("w"), ""}).error().code, ErrorCode::WORKER_NOT_FOUND);
    EXPECT_EQ(run(BuryWorker{.worker = WorkerId("w")}).error().code, ErrorCode::WORKER_NOT_FOUND);
}

TEST_F(FleetTest, ModelIsAddedOnceAndRemovedAtWill) {
    const AddedModel model{ModelId("mine"), {.id = ModelId("mine")}, {}};
    ASSERT_TRUE(run(AddModel{model}));

    EXPECT_EQ(run(AddModel{model}).error().code, ErrorCode::CONFLICT);
    ASSERT_TRUE(run(RemoveModel{ModelId("mine")}));
    EXPECT_THAT(fleet.models(), IsEmpty());
    EXPECT_TRUE(run(RemoveModel{ModelId("mine")}));
}

TEST_F(FleetTest, RecoveryRepeatsTheOrdersThatHaveNotEnded) {
    auto stopping = make_worker("stopping", "n");
    stopping.state = WorkerState::draining;
    auto serving = make_worker("serving", "n");
    serving.state = WorkerState::ready;
    fleet.restore(make_node("n"));
    fleet.restore(make_worker("loading", "n"));
    fleet.restore(stopping);
    fleet.restore(serving);

    const auto effects = fleet.reconcile();

    ASSERT_THAT(effects, SizeIs(2));
    EXPECT_EQ(std::get<SpawnEffect>(effects[0]).worker, WorkerId("loading"));
    EXPECT_EQ(std::get<StopEffect>(effects[1]).worker, WorkerId("stopping"));
    EXPECT_EQ(std::get<StopEffect>(effects[1]).node, NodeId("n"));
}

FleetCommand any_node_command() {
    const NodeId id(any_node_id());
    switch (*rc::gen::weightedElement<int>({{4, 0}, {1, 1}, {1, 2}})) {
        case 0:
            return AdmitNode{any_node(id)};
        case 1:
            return RemoveNode{id};
        default:
            return DrainNode{id};
    }
}

FleetCommand any_worker_command() {
    const auto id = any_worker_id();
    auto adopted = make_worker(id, any_node_id());
    switch (*rc::gen::inRange(0, 5)) {
        case 0:
            return CreateWorker{make_worker(id, any_node_id())};
        case 1:
            adopted.state = *rc::gen::element(WorkerState::starting, WorkerState::draining);
            return AdoptWorker{adopted};
        case 2:
            return ConfirmWorker{WorkerId(id), make_facts()};
        case 3:
            return RetireWorker{WorkerId(id), any_text()};
        default:
            return BuryWorker{WorkerId(id), *rc::gen::element(WorkerState::stopped, WorkerState::failed), any_text(),
                              ErrorCode::INTERNAL};
    }
}

FleetCommand any_command() {
    const auto kind = *rc::gen::weightedElement<int>({{3, 0}, {6, 1}, {1, 2}, {1, 3}});
    if (kind == 0) return any_node_command();
    if (kind == 1) return any_worker_command();
    const ModelId model(*rc::gen::element<std::string>("m1", "m2"));
    if (kind == 2) return RemoveModel{model};
    return AddModel{{model, {.id = model, .name = any_text()}, {}}};
}

/// A record as it comes back from the journal.
FleetRecord read_back(const FleetRecord& record) {
    return std::visit(
        []<class T>(const T& one) -> FleetRecord {
            auto read = reflect::from_json_text<T>(reflect::to_json_text(one));
            RC_ASSERT(read.has_value());
            return std::move(*read);
        },
        record);
}

template <class Entity>
void check_reads_back(const Entity& entity) {
    const auto text = reflect::to_json_text(entity);
    const auto read = reflect::from_json_text<Entity>(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(reflect::to_json_text(*read) == text);
    if constexpr (std::equality_comparable<Entity>) RC_ASSERT((*read == entity));
}

void check_worker(const Fleet& fleet, const Worker& worker) {
    if (has_ended(worker.state)) return;
    const auto* node = fleet.find(worker.node);
    RC_ASSERT(node != nullptr);
    RC_ASSERT(!node->draining || worker.state == WorkerState::draining);
}

void check_effects(const Fleet& fleet, const FleetDecision& decision) {
    for (const auto& effect : decision.effects) {
        const auto* worker = std::visit([&](const auto& one) { return fleet.find(one.worker); }, effect);
        RC_ASSERT(worker != nullptr);
        const bool is_spawn = std::holds_alternative<SpawnEffect>(effect);
        RC_ASSERT((worker->state == (is_spawn ? WorkerState::starting : WorkerState::draining)));
    }
}

void check_same(const Fleet& fleet, const Fleet& replayed) {
    RC_ASSERT((fleet.nodes() == replayed.nodes()));
    RC_ASSERT((fleet.workers() == replayed.workers()));
    RC_ASSERT(fleet.models().size() == replayed.models().size());
    for (const auto& [id, model] : fleet.models()) {
        RC_ASSERT(reflect::to_json_text(model) == reflect::to_json_text(replayed.models().at(id)));
    }
}

RC_GTEST_PROP(FleetProperty, KeepsItsPromisesUnderAnyCommands, ()) {
    Fleet fleet;
    Fleet replayed;
    std::map<WorkerId, Worker> ended;
    const auto steps = *rc::gen::inRange(0, 40);

    for (int step = 0; step < steps; ++step) {
        const auto command = any_command();
        const auto outcome = decide_and_apply(fleet, command);
        if (!outcome) continue;
        for (const auto& record : outcome->records) {
            replayed.apply(read_back(record));
        }
        check_effects(fleet, *outcome);
        const auto again = fleet.decide(command);
        RC_ASSERT((!again || again->records.empty()));
        for (const auto& [id, worker] : fleet.workers()) {
            check_worker(fleet, worker);
            if (has_ended(worker.state)) ended.try_emplace(id, worker);
        }
        for (const auto& [id, worker] : ended) {
            RC_ASSERT((fleet.workers().at(id) == worker));
        }
    }
    check_same(fleet, replayed);
}

RC_GTEST_PROP(FleetProperty, EntitiesReadBackFromTheirJsonForm, ()) {
    check_reads_back(any_node(NodeId("n")));
    check_reads_back(any_worker("w", "n"));
    AddedModel model{ModelId("m"), {.id = ModelId("m"), .name = any_text()}, any_time()};
    model.model.sources = {{.kind = contracts::SourceKind::file, .file = any_text()}};
    model.model.kind = contracts::ModelKind::embedding;
    check_reads_back(model);
}

RC_GTEST_PROP(FleetProperty, ForgettingDropsExactlyWhatEnded, ()) {
    Fleet fleet;
    const auto count = *rc::gen::inRange(0, 10);
    for (int index = 0; index < count; ++index) {
        fleet.restore(any_worker(std::to_string(index), "n"));
    }
    const auto before = fleet.workers();

    fleet.forget_ended();

    for (const auto& [id, worker] : before) {
        RC_ASSERT((fleet.find(id) == nullptr) == has_ended(worker.state));
    }
}

}  // namespace
}  // namespace rbees::orchestrator
