#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using testing::HasSubstr;

TEST(JobAdmission, RefusesMoreThanTheQueueHolds) {
    auto policy = patient_policy();
    policy.queue_capacity = 2;
    JobHouse house(policy);
    house.node_registers();
    EXPECT_TRUE(house.submit());
    EXPECT_TRUE(house.submit());

    EXPECT_FALSE(house.submit());
    EXPECT_EQ(house.refusal->code, ErrorCode::ADMISSION_REJECT);
}

TEST(JobAdmission, DropsTheOldestBatchTaskWhereThePolicySaysSo) {
    auto policy = patient_policy();
    policy.queue_capacity = 2;
    policy.queue_policy = QueuePolicy::drop_lru;
    JobHouse house(policy);
    house.node_registers();
    const auto oldest = house.submit(R"(, "priority": "batch")").value();
    const auto newer = house.submit(R"(, "priority": "batch")").value();

    const auto newcomer = house.submit();

    ASSERT_TRUE(newcomer);
    EXPECT_EQ(house.job(oldest).error->code, ErrorCode::QUEUE_FULL_DROP_LRU);
    EXPECT_EQ(house.state(newer), TaskState::queued);
    EXPECT_TRUE(house.submit()) << "the other batch task leaves";
    EXPECT_FALSE(house.submit()) << "only interactive ones are left";
    EXPECT_EQ(house.refusal->code, ErrorCode::QUEUE_FULL_DROP_LRU);
    EXPECT_EQ(house.refusal->detail,
              "2 requests and tasks wait already, and none of them is a batch task that could leave");
}

TEST(JobAdmission, DropsNobodyForATaskThatTheDiskRefuses) {
    auto policy = patient_policy();
    policy.queue_capacity = 1;
    policy.queue_policy = QueuePolicy::drop_lru;
    JobHouse house(policy);
    house.node_registers();
    const auto batch = house.submit(R"(, "priority": "batch")").value();
    house.store.full_for = kernel::Urgency::ordinary;

    EXPECT_FALSE(house.submit());

    EXPECT_EQ(house.refusal->code, ErrorCode::STORAGE_FULL);
    EXPECT_EQ(house.state(batch), TaskState::queued);
}

TEST(JobAdmission, CountsTasksThatAreOnTheirWayToTheDisk) {
    auto policy = patient_policy();
    policy.queue_capacity = 2;
    JobHouse house(policy);
    house.node_registers();
    house.store.is_slow = true;

    EXPECT_FALSE(house.submit()) << "not answered yet";
    EXPECT_FALSE(house.submit());
    EXPECT_FALSE(house.refusal);
    EXPECT_FALSE(house.submit());
    house.store.commit();
    house.settle();

    ASSERT_TRUE(house.refusal);
    EXPECT_EQ(house.refusal->code, ErrorCode::ADMISSION_REJECT);
}

TEST(JobAdmission, TakesATaskThatNeedNotWaitThoughTheQueueIsFull) {
    auto policy = patient_policy();
    policy.queue_capacity = 1;
    JobHouse house(policy);
    house.house().node_registers("node", {"smollm2", "another"});
    house.worker_is_ready("worker", 1);
    house.house().request(1, "another");

    EXPECT_TRUE(house.submit());
    EXPECT_FALSE(house.submit());
}

/// A worker with a single slot.
class JobsOfOneSlot : public testing::Test {
  protected:
    JobsOfOneSlot() {
        house.node_registers();
        house.worker_is_ready("w1", 1);
    }

    [[nodiscard]] contracts::TaskAccepted answer() const {
        return reflect::from_json_text<contracts::TaskAccepted>(house.answer.value()).value();
    }

    JobHouse house;
};

TEST_F(JobsOfOneSlot, SaysWhenATaskWillStartByThePaceOfThoseBefore) {
    const auto predicted = [&] {
        house.submit();
        return answer().predicted_start_ms;
    };
    EXPECT_EQ(predicted(), 0U) << "it has the slot";
    EXPECT_EQ(predicted(), std::nullopt) << "nobody has waited yet";
    house.submit();
    house.submit();

    for (int served = 0; served < 2; ++served) {
        house.pass(std::chrono::seconds(7));
        house.generate(100);
    }

    EXPECT_EQ(predicted(), 2 * 7'000U) << "one stands before it";
}

TEST_F(JobsOfOneSlot, CountsThoseOnTheirWayToTheDiskAsBeforeOne) {
    house.submit();
    house.store.is_slow = true;
    house.submit();
    house.submit();

    house.submit();
    house.store.commit();
    house.settle();

    EXPECT_EQ(answer().queue_position, 2U);
}

TEST_F(JobsOfOneSlot, PlacesANewcomerAtOnceWhenTheLastOneThatWaitedHasLeft) {
    house.submit();
    const auto waits = house.submit().value();
    house.jobs().cancel(waits, [](const auto&) {});
    house.settle();
    house.generate(100);

    house.submit();

    EXPECT_EQ(answer().predicted_start_ms, 0U);
}

TEST_F(JobsOfOneSlot, GivesTheSlotOfARefusedTaskBackAtOnce) {
    house.store.is_slow = true;
    house.house().request(1, "another");  // something is on its way to the disk, so that the refusal waits
    house.store.full_for = kernel::Urgency::ordinary;

    house.submit();

    EXPECT_EQ(house.house().fleet.view().workers.at(0).slots->used(), 0U);
}

TEST(JobAdmission, RefusesAModelThatIsNotThere) {
    JobHouse house;

    EXPECT_FALSE(house.submit());
    EXPECT_EQ(house.refusal->code, ErrorCode::MODEL_NOT_FOUND);
}

TEST(JobAdmission, WaitsWithoutEndForRoomForItsModel) {
    JobHouse house;
    house.node_registers();
    house.house().pools.refusal = {.code = ErrorCode::INSUFFICIENT_MEMORY, .detail = "no room"};
    const auto id = house.submit().value();

    house.pass(std::chrono::minutes(30));

    const auto job = house.job(id);
    EXPECT_FALSE(contracts::has_ended(job.state));
    EXPECT_THAT(job.reason.value_or(""), HasSubstr("no room"));
}

}  // namespace
}  // namespace rbees::control
