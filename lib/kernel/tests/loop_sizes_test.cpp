/// What is too much for the journal is refused before anything changes.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fake_journal.hpp"
#include "rbees/kernel/loop.hpp"
#include "samples.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;
using contracts::ErrorCode;

class LoopSizes : public testing::Test {
  protected:
    /// Submits it and waits for the disk.
    Loop::Outcome outcome_of(const Command& command) {
        Loop::Outcome outcome;
        loop_.submit(command, noon, [&](const Loop::Outcome& what) { outcome = what; });
        journal_.sync_all();
        return outcome;
    }

    FakeJournal journal_;
    Loop loop_{{}, journal_, [](const Effect&) {}};
};

orch::SubmitJob submission(std::string request) {
    auto job = sample_job("j1");
    job.state = contracts::TaskState::queued;
    job.frames = 0;
    job.attempt = 0;
    return {job, {"queued", "{}"}, std::move(request), "salt", std::nullopt};
}

TEST_F(LoopSizes, RefusesAChangeThatTheJournalCouldNotTakeAndKeepsItsState) {
    const auto before = text_of(loop_.state());

    const auto problem = outcome_of(submission(std::string(17U << 20, 'x'))).error();

    EXPECT_EQ(problem.code, ErrorCode::BODY_TOO_LARGE);
    EXPECT_EQ(problem.limit, "batch_max");
    EXPECT_FALSE(problem.retry_after_ms);
    EXPECT_EQ(text_of(loop_.state()), before);
    EXPECT_TRUE(journal_.batches().empty());
}

TEST_F(LoopSizes, TakesTheLargestTextThatATaskMayHave) {
    EXPECT_TRUE(outcome_of(submission(std::string(8U << 20, 'x'))));
}

TEST_F(LoopSizes, RefusesARecordThatIsTooLarge) {
    auto model = sample_model("honey");
    model.model.name = std::string(17U << 20, 'x');

    const auto problem = outcome_of(orch::AddModel{model}).error();

    EXPECT_EQ(problem.code, ErrorCode::BODY_TOO_LARGE);
    EXPECT_EQ(problem.limit, "record_max");
    EXPECT_TRUE(loop_.state().fleet.models().empty());
}

TEST_F(LoopSizes, CountsTheRowsOfManyThingsThatChangeAtOnce) {
    ASSERT_TRUE(outcome_of(orch::AdmitNode{sample_node("n1")}));
    const auto large = [](const std::string& id) {
        auto worker = sample_worker(id, "n1");
        worker.url = std::string(900'000, 'x');
        return worker;
    };
    for (int number = 10; number < 30; ++number) {
        ASSERT_TRUE(outcome_of(orch::CreateWorker{large("w" + std::to_string(number))}));
    }
    const auto written = journal_.batches().size();

    const auto problem = outcome_of(orch::RemoveNode{NodeId("n1")}).error();

    EXPECT_EQ(written, 21U);
    EXPECT_EQ(problem.limit, "batch_max");
    EXPECT_EQ(journal_.batches().size(), written);
}

}  // namespace
}  // namespace rbees::kernel
