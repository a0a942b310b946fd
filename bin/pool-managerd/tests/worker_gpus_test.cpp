#include "worker_pool_house.hpp"

namespace rbees::poold {
namespace {

using testing::HasSubstr;

TEST_F(WorkerPoolTest, RefusesADeviceThatIsNotThere) {
    const auto refused =
        pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("sim:ok"), .device = "cuda:7"});

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("no device `cuda:7`, but cpu, cuda:1"));
}

TEST_F(WorkerPoolTest, ShowsAWorkerItsOwnGpuOnlyAndPutsAllOfTheModelThere) {
    ASSERT_EQ(refusal_on("cuda:1", "sim:gpu"), std::nullopt);

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_VISIBLE_DEVICES=1 "));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_DEVICE_ORDER=PCI_BUS_ID "));
    EXPECT_THAT(given("w-1", "cmdline"), HasSubstr("--gpu-layers -2"));
    EXPECT_EQ(report("w-1").device, "cuda:1");
}

TEST_F(WorkerPoolTest, ShowsAWorkerOfTheCpuNoGpu) {
    spawn("w-1", "sim:ok");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_THAT(given("w-1", "environ"), HasSubstr("CUDA_VISIBLE_DEVICES= "));
    EXPECT_THAT(given("w-1", "cmdline"), HasSubstr("--gpu-layers 0"));
    EXPECT_EQ(report("w-1").device, "cpu");
}

TEST_F(WorkerPoolTest, ReportsTheDeviceThatAWorkerReallyComputesOn) {
    ASSERT_EQ(refusal_on("cuda:1", "sim:ok"), std::nullopt);
    EXPECT_EQ(report("w-1").device, "cuda:1");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    EXPECT_EQ(report("w-1").device, "cpu");
}

TEST_F(WorkerPoolTest, RefusesAModelThatAGpuCannotHoldWithTheNumbers) {
    has_model("big", mebibytes(1500));

    const auto refused = refusal_on("cuda:1", "big");

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::INSUFFICIENT_VRAM);
    EXPECT_THAT(refused->detail, HasSubstr(describe(mebibytes(1500 + 150 + 640))));  // and CUDA's own
    EXPECT_THAT(refused->detail, HasSubstr("on cuda:1"));
    EXPECT_THAT(refused->detail, HasSubstr(describe(mebibytes(2000))));
}

TEST_F(WorkerPoolTest, RefusesAGpuThatItsWorkersCannotUseAndSaysWhy) {
    pool->gpu.unusable = "rbees was built without CUDA";

    const auto refused = refusal_on("cuda:1", "sim:gpu");

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::GPU_UNAVAILABLE);
    EXPECT_THAT(refused->detail, HasSubstr("built without CUDA"));
}

}  // namespace
}  // namespace rbees::poold
