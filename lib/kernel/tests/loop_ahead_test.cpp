/// Orders to workers, which leave ahead of the disk.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_journal.hpp"
#include "rbees/kernel/loop.hpp"
#include "samples.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;

/// A task that has a slot is submitted; what happens is noted in order.
class LoopAheadTest : public testing::Test {
  protected:
    LoopAheadTest()
        : loop_({}, journal_, [this](const Effect& effect) { out_.emplace_back(runs_ahead(effect) ? "order" : "?"); }) {
    }

    void submit_placed() {
        auto job = sample_job("j1");
        job.state = contracts::TaskState::queued;
        job.frames = 0;
        const orch::RouteReceipt receipt{.worker = WorkerId("w1"), .reason = {}};
        loop_.submit(orch::SubmitJob{job, {"queued", "{}"}, "request", "salt", receipt}, noon,
                     [this](const Loop::Outcome& outcome) { out_.emplace_back(outcome ? "accepted" : "refused"); });
    }

    FakeJournal journal_;
    std::vector<std::string> out_;
    Loop loop_;
};

TEST_F(LoopAheadTest, AnOrderLeavesWhenItsRecordsAreHandedToTheJournal) {
    submit_placed();
    EXPECT_EQ(out_, std::vector<std::string>{"order"});

    journal_.sync_one();
    EXPECT_EQ(out_, (std::vector<std::string>{"order", "accepted"}));
}

TEST_F(LoopAheadTest, ARefusedChangeOrdersNothing) {
    journal_.refuse(Urgency::ordinary, JournalRefusal::full);

    submit_placed();

    EXPECT_EQ(out_, std::vector<std::string>{"refused"});
}

}  // namespace
}  // namespace rbees::kernel
