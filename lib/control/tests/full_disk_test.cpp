/// What the control does when the disk takes nothing at all for a while, and when it takes things again.

#include <gtest/gtest.h>

#include <chrono>

#include "job_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;

class FullDiskTest : public testing::Test {
  protected:
    FullDiskTest() {
        house.node_registers();
        house.worker_is_ready("worker");
    }

    void full() { house.store.full_for = kernel::Urgency::closing; }
    void room() { house.store.full_for.reset(); }

    JobHouse house;
};

TEST_F(FullDiskTest, AWorkerThatCouldNotBeRetiredServesOn) {
    full();
    std::optional<contracts::Problem> refusal;

    house.house().fleet.retire_worker(WorkerId("worker"), "for a test", [&](const Done& done) {
        if (!done) refusal = done.error();
    });
    room();
    const auto id = house.submit().value();
    house.generate(100);

    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::STORAGE_FULL);
    EXPECT_EQ(house.state(id), TaskState::completed);
}

TEST_F(FullDiskTest, APauseThatEndsMeanwhileIsNotForgotten) {
    house.workers.error = {ErrorCode::INTERNAL, "the engine failed", false};
    const auto id = house.submit().value();
    house.generate(100);
    ASSERT_EQ(house.state(id), TaskState::waiting);
    house.workers.error.reset();

    full();
    house.pass(std::chrono::seconds(5));
    room();
    house.pass(std::chrono::seconds(5));

    EXPECT_EQ(house.state(id), TaskState::running);
}

TEST_F(FullDiskTest, ADeadlineThatPassesMeanwhileIsNotForgotten) {
    const auto id = house.submit(R"(, "deadline_ms": 2000)").value();

    full();
    house.pass(std::chrono::seconds(5));
    EXPECT_FALSE(contracts::has_ended(house.state(id)));
    room();
    house.pass(std::chrono::seconds(5));

    EXPECT_EQ(house.job(id).error->code, ErrorCode::DEADLINE_UNMET);
}

TEST_F(FullDiskTest, ACancellationThatCouldNotBeKeptIsRefused) {
    const auto id = house.submit().value();
    std::optional<contracts::Problem> refusal;

    full();
    house.jobs().cancel(id, [&](const Checked<orchestrator::Job>& job) {
        if (!job) refusal = job.error();
    });

    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, ErrorCode::STORAGE_FULL);
}

}  // namespace
}  // namespace rbees::control
