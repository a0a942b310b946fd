#include "rbees/kernel/loop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fake_journal.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/reflect/describe.hpp"
#include "samples.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;
using contracts::ErrorCode;

using Names = std::vector<std::string>;

std::string name_of_effect(const Effect& effect) {
    const auto* fleet = std::get_if<orch::FleetEffect>(&effect);
    if (fleet == nullptr) return "of a job";
    return std::visit(overloaded{
                          [](const orch::SpawnEffect& spawn) { return "spawn " + spawn.worker.str(); },
                          [](const orch::StopEffect& stop) { return "stop " + stop.worker.str(); },
                      },
                      *fleet);
}

std::string name_of_outcome(const Loop::Outcome& outcome) {
    return outcome ? "done" : std::string(reflect::name_of(outcome.error().code));
}

/// A loop whose outputs are noted, in order: "order: done", "spawn w1".
class LoopTest : public testing::Test {
  protected:
    explicit LoopTest(State state = {})
        : loop_(std::move(state), journal_, [this](const Effect& effect) { out_.push_back(name_of_effect(effect)); }) {}

    void submit(std::string name, const Command& command) {
        loop_.submit(command, noon, [this, name = std::move(name)](const Loop::Outcome& outcome) {
            out_.push_back(name + ": " + name_of_outcome(outcome));
        });
    }

    /// Submits it and waits for the disk; gives the refusal, which must come.
    contracts::Problem refusal_of(const Command& command) {
        contracts::Problem problem;
        loop_.submit(command, noon, [&](const Loop::Outcome& outcome) {
            ASSERT_FALSE(outcome);
            problem = outcome.error();
        });
        journal_.sync_all();
        return problem;
    }

    FakeJournal journal_;
    Names out_;
    Loop loop_;
};

/// With `n1` on disk, its `w1` starting and its `w2` ready.
class LoopWithWorkersTest : public LoopTest {
  protected:
    LoopWithWorkersTest() : LoopTest(with_workers()) {}

  private:
    static State with_workers() {
        State state;
        state.fleet.restore(sample_node("n1"));
        state.fleet.restore(sample_worker("w1", "n1"));
        auto ready = sample_worker("w2", "n1");
        ready.state = contracts::WorkerState::ready;
        state.fleet.restore(std::move(ready));
        state.fleet.restore(sample_model("honey"));
        state.access.restore(sample_token("t1"));
        return state;
    }
};

TEST_F(LoopTest, RepliesOnlyOnceTheRecordsAreOnDisk) {
    submit("admit", orch::AdmitNode{sample_node("n1")});
    EXPECT_EQ(out_, Names{});

    journal_.sync_one();

    EXPECT_EQ(out_, Names{"admit: done"});
}

TEST_F(LoopTest, ShowsTheNextCommandWhatIsNotOnDiskYet) {
    submit("admit", orch::AdmitNode{sample_node("n1")});
    submit("create", orch::CreateWorker{sample_worker("w1", "n1")});

    EXPECT_NE(loop_.state().fleet.find(WorkerId("w1")), nullptr);
    EXPECT_EQ(journal_.batches().size(), 2U);
    EXPECT_EQ(out_, Names{});
}

TEST_F(LoopWithWorkersTest, RunsEffectsAfterTheReplyToTheirCommand) {
    submit("create", orch::CreateWorker{sample_worker("w3", "n1")});
    submit("drain", orch::DrainNode{NodeId("n1")});
    EXPECT_EQ(out_, Names{});

    journal_.sync_one();
    EXPECT_EQ(out_, (Names{"create: done", "spawn w3"}));

    journal_.sync_one();
    EXPECT_EQ(out_, (Names{"create: done", "spawn w3", "drain: done", "stop w1", "stop w2", "stop w3"}));
}

TEST_F(LoopTest, HoldsARefusalUntilTheRecordsThatItRestsOnAreOnDisk) {
    submit("first", orch::AddModel{sample_model("honey")});
    submit("second", orch::AddModel{sample_model("honey")});
    EXPECT_EQ(out_, Names{});

    journal_.sync_one();

    EXPECT_EQ(out_, (Names{"first: done", "second: CONFLICT"}));
    EXPECT_EQ(journal_.batches().size(), 1U);
}

TEST_F(LoopTest, RefusesAtOnceWhenNothingWaitsForTheDisk) {
    submit("create", orch::CreateWorker{sample_worker("w1", "nowhere")});

    EXPECT_EQ(out_, Names{"create: NOT_FOUND"});
}

TEST_F(LoopTest, WritesNothingForACommandThatChangesNothingButHoldsItsReply) {
    submit("first", orch::AdmitNode{sample_node("n1")});
    submit("again", orch::AdmitNode{sample_node("n1")});
    EXPECT_EQ(journal_.batches().size(), 1U);
    EXPECT_EQ(out_, Names{});

    journal_.sync_one();

    EXPECT_EQ(out_, (Names{"first: done", "again: done"}));
}

TEST_F(LoopTest, RunsTheEffectsOfACommandThatChangesNothingBehindWhatTheyRestOn) {
    submit("admit", orch::AdmitNode{sample_node("n1")});
    submit("create", orch::CreateWorker{sample_worker("w1", "n1")});
    submit("retire", orch::RetireWorker{WorkerId("w1"), "idle"});
    submit("retire again", orch::RetireWorker{WorkerId("w1"), "idle"});
    EXPECT_EQ(journal_.batches().size(), 3U);

    journal_.sync_all();

    EXPECT_EQ(out_, (Names{"admit: done", "create: done", "spawn w1", "retire: done", "stop w1", "retire again: done",
                           "stop w1"}));
}

TEST_F(LoopTest, LetsAReadOutOnceEverythingThatItSawIsOnDisk) {
    loop_.when_durable([this] { out_.emplace_back("empty"); });
    submit("admit", orch::AdmitNode{sample_node("n1")});
    loop_.when_durable([this] { out_.emplace_back("one node"); });
    submit("admit other", orch::AdmitNode{sample_node("n2")});
    EXPECT_EQ(out_, Names{"empty"});

    journal_.sync_one();

    EXPECT_EQ(out_, (Names{"empty", "admit: done", "one node"}));
}

TEST_F(LoopTest, TakesACommandFromInsideAReply) {
    loop_.submit(orch::AdmitNode{sample_node("n1")}, noon, [this](const Loop::Outcome& outcome) {
        out_.push_back("admit: " + name_of_outcome(outcome));
        submit("create", orch::CreateWorker{sample_worker("w1", "n1")});
    });
    loop_.when_durable([this] { out_.emplace_back("read"); });

    journal_.sync_one();
    EXPECT_EQ(out_, (Names{"admit: done", "read"}));

    journal_.sync_one();
    EXPECT_EQ(out_, (Names{"admit: done", "read", "create: done", "spawn w1"}));
}

TEST(LoopOnAnImmediateJournal, RepliesOnceAndThenRunsTheEffects) {
    ImmediateJournal journal;
    Names out;
    Loop loop({}, journal, [&](const Effect& effect) { out.push_back(name_of_effect(effect)); });
    const auto note = [&](const Loop::Outcome& outcome) { out.push_back(name_of_outcome(outcome)); };

    loop.submit(orch::AdmitNode{sample_node("n1")}, noon, note);
    loop.submit(orch::CreateWorker{sample_worker("w1", "n1")}, noon, note);

    EXPECT_EQ(out, (Names{"done", "done", "spawn w1"}));
}

TEST_F(LoopWithWorkersTest, RefusesNewThingsWithStorageFullAndKeepsItsState) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::full);
    const auto before = text_of(loop_.state());
    const std::vector<Command> ordinary = {orch::CreateWorker{sample_worker("w3", "n1")},
                                           orch::AddModel{sample_model("wax")}, orch::CreateToken{sample_token("t2")}};

    for (const auto& command : ordinary) {
        const auto problem = refusal_of(command);

        EXPECT_EQ(problem.code, ErrorCode::STORAGE_FULL);
        EXPECT_EQ(problem.limit, "storage.watermark");
        EXPECT_TRUE(problem.retry_after_ms);
        EXPECT_EQ(text_of(loop_.state()), before);
    }
    EXPECT_TRUE(journal_.batches().empty());
    EXPECT_EQ(out_, Names{}) << "an effect of a refused command ran";
}

TEST_F(LoopWithWorkersTest, StillTakesWhatEndsWorkOrReportsItWhenTheDiskIsNearlyFull) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::full);
    const std::vector<std::pair<std::string, Command>> closing = {
        {"admit", orch::AdmitNode{sample_node("n2")}},
        {"adopt", orch::AdoptWorker{sample_worker("w3", "n2")}},
        {"confirm", orch::ConfirmWorker{WorkerId("w1"), sample_facts()}},
        {"retire", orch::RetireWorker{WorkerId("w1"), "idle"}},
        {"bury", orch::BuryWorker{WorkerId("w1"), contracts::WorkerState::stopped, "idle", std::nullopt}},
        {"drain", orch::DrainNode{NodeId("n1")}},
        {"remove", orch::RemoveNode{NodeId("n1")}},
        {"remove model", orch::RemoveModel{ModelId("honey")}},
        {"revoke", orch::RevokeToken{TokenId("t1")}}};

    for (const auto& [name, command] : closing) {
        submit(name, command);
    }
    journal_.sync_all();

    EXPECT_EQ(out_, (Names{"admit: done", "adopt: done", "confirm: done", "retire: done", "stop w1", "bury: done",
                           "drain: done", "stop w2", "remove: done", "remove model: done", "revoke: done"}));
    ASSERT_EQ(journal_.batches().size(), closing.size());
    for (const auto& batch : journal_.batches()) {
        EXPECT_EQ(batch.urgency, Urgency::closing);
    }
}

TEST_F(LoopWithWorkersTest, RefusesClosingCommandsTooWhenTheJournalTakesNothing) {
    journal_.refuse(Urgency::closing, JournalRefusal::full);

    const auto problem = refusal_of(orch::RetireWorker{WorkerId("w1"), "idle"});

    EXPECT_EQ(problem.code, ErrorCode::STORAGE_FULL);
    EXPECT_EQ(loop_.state().fleet.find(WorkerId("w1"))->state, contracts::WorkerState::starting);
}

TEST_F(LoopTest, TextOfAnAcceptedJobWaitsForSpaceWhileItsEndIsStillTaken) {
    auto job = sample_job("j1");
    job.state = contracts::TaskState::queued;
    job.frames = 0;
    submit("job", orch::SubmitJob{job, {"queued", "{}"}, "request", "salt"});
    submit("dispatch", orch::DispatchJob{job.id, {.worker = WorkerId("w1"), .reason = {}}});
    orch::StoreFrames text;
    text.job = job.id;
    text.attempt = loop_.state().jobs.find(job.id)->attempt;
    text.frames = {{"token", "{}"}};
    submit("text", text);

    ASSERT_EQ(journal_.batches().size(), 3U);
    EXPECT_EQ(journal_.batches()[0].urgency, Urgency::ordinary);
    EXPECT_EQ(journal_.batches()[1].urgency, Urgency::closing);
    EXPECT_EQ(journal_.batches()[2].urgency, Urgency::progress);

    journal_.refuse(Urgency::progress, JournalRefusal::full);
    const auto problem = refusal_of(text);
    submit("end", orch::CompleteJob{job.id, text.attempt, "stop", {}, {"end", "{}"}, noon, "salt"});

    EXPECT_EQ(problem.code, ErrorCode::STORAGE_FULL);
    EXPECT_TRUE(problem.retry_after_ms);
    EXPECT_EQ(journal_.batches().size(), 4U);
    EXPECT_EQ(journal_.batches().back().urgency, Urgency::closing);
}

TEST_F(LoopTest, AsksToTryAgainWhenTooMuchWaitsForTheDisk) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::busy);

    const auto problem = refusal_of(orch::AddModel{sample_model("honey")});

    EXPECT_EQ(problem.code, ErrorCode::STORAGE_FAILED);
    EXPECT_TRUE(problem.retry_after_ms);
    EXPECT_TRUE(loop_.state().fleet.models().empty());
}

TEST_F(LoopTest, SendsToTheCauseWhenTheJournalCanOnlyBeRead) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::read_only);

    const auto problem = refusal_of(orch::AddModel{sample_model("honey")});

    EXPECT_EQ(problem.code, ErrorCode::STORAGE_FULL);
    EXPECT_NE(problem.hint.value_or("").find("GET /ready"), std::string::npos);
    EXPECT_FALSE(problem.retry_after_ms) << "waiting does not help";
}

TEST_F(LoopTest, DoesNotAskToTryAgainWhenTheJournalIsClosed) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::stopped);

    const auto problem = refusal_of(orch::AddModel{sample_model("honey")});

    EXPECT_EQ(problem.code, ErrorCode::STORAGE_FAILED);
    EXPECT_FALSE(problem.retry_after_ms);
    EXPECT_TRUE(loop_.state().fleet.models().empty());
}

TEST_F(LoopWithWorkersTest, AnswersWhatNeedsNoSpaceWhenTheDiskIsFull) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::full);

    submit("add again", orch::AddModel{sample_model("honey")});
    submit("create again", orch::CreateWorker{sample_worker("w1", "n1")});

    EXPECT_EQ(out_, (Names{"add again: CONFLICT", "create again: done"}));
}

TEST_F(LoopTest, WritesTheTimeUrgencyRecordsAndRowsOfACommandAsOneBatch) {
    submit("admit", orch::AdmitNode{sample_node("n1")});
    submit("create", orch::CreateWorker{sample_worker("w1", "n1")});
    submit("drain", orch::DrainNode{NodeId("n1")});

    ASSERT_EQ(journal_.batches().size(), 3U);
    const auto& ordinary = journal_.batches()[1];
    EXPECT_EQ(ordinary.at, noon);
    EXPECT_EQ(ordinary.urgency, Urgency::ordinary);
    const auto& drain = journal_.batches()[2];
    EXPECT_EQ(drain.records.size(), 2U);
    ASSERT_EQ(drain.entities.size(), 2U);
    EXPECT_EQ(drain.entities[0].kind, "node");
    EXPECT_EQ(drain.entities[1].kind, "worker");
}

TEST_F(LoopWithWorkersTest, DropsAnEndedWorkerInTheCommitThatEndsItAndKeepsItsRow) {
    submit("bury", orch::BuryWorker{WorkerId("w1"), contracts::WorkerState::failed, "out of memory",
                                    ErrorCode::INSUFFICIENT_MEMORY});

    EXPECT_EQ(loop_.state().fleet.find(WorkerId("w1")), nullptr);
    ASSERT_EQ(journal_.batches().size(), 1U);
    ASSERT_EQ(journal_.batches()[0].entities.size(), 1U);
    const auto& row = journal_.batches()[0].entities[0];
    EXPECT_EQ(row.id, "w1");
    EXPECT_EQ(row.phase, RowPhase::terminal);
    EXPECT_EQ(row.status, "failed");
    EXPECT_NE(row.json.find("out of memory"), std::string::npos);
}

TEST_F(LoopWithWorkersTest, EndsTheWorkersOfARemovedNodeInTheSameBatch) {
    submit("remove", orch::RemoveNode{NodeId("n1")});

    EXPECT_TRUE(loop_.state().fleet.nodes().empty());
    EXPECT_TRUE(loop_.state().fleet.workers().empty());
    ASSERT_EQ(journal_.batches().size(), 1U);
    std::vector<std::pair<std::string, RowPhase>> rows;
    for (const auto& row : journal_.batches()[0].entities) {
        rows.emplace_back(row.id, row.phase);
    }
    const decltype(rows) expected = {{"n1", RowPhase::erased}, {"w1", RowPhase::terminal}, {"w2", RowPhase::terminal}};
    EXPECT_EQ(rows, expected);
}

TEST_F(LoopTest, CountsCommandsRefusalsAndRecords) {
    submit("admit", orch::AdmitNode{sample_node("n1")});
    submit("create", orch::CreateWorker{sample_worker("w1", "n1")});
    submit("refused", orch::CreateWorker{sample_worker("w2", "n2")});
    submit("remove", orch::RemoveNode{NodeId("n1")});

    EXPECT_EQ(loop_.counters().commands, 4U);
    EXPECT_EQ(loop_.counters().refusals, 1U);
    EXPECT_EQ(loop_.counters().records, 4U);
}

}  // namespace
}  // namespace rbees::kernel
