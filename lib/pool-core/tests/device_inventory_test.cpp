#include "rbees/pool_core/device_inventory.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::pool {
namespace {

constexpr std::string_view cpuinfo =
    "processor\t: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: fpu pni avx2 fma f16c\n\n"
    "processor\t: 1\nmodel name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: fpu pni avx2 fma f16c\n";

TEST(DeviceInventory, ReadsNameThreadsAndInstructionSets) {
    const auto info = parse_cpuinfo(cpuinfo);

    EXPECT_EQ(info.name, "AMD EPYC 7763 64-Core Processor");
    EXPECT_EQ(info.threads, 2U);
    EXPECT_EQ(info.features, (std::vector<std::string>{"sse3", "f16c", "fma", "avx2"}));
}

TEST(DeviceInventory, ReadsWholeWordsOfTheFlagsOnly) {
    EXPECT_EQ(parse_cpuinfo("flags : avx512f_not xavx\n").features, std::vector<std::string>{});
}

TEST(DeviceInventory, ReadsMemoryInBytes) {
    const auto info = parse_meminfo("MemTotal:       2048 kB\nMemFree:  1 kB\nMemAvailable:    1024 kB\n");

    EXPECT_EQ(info, (MemoryInfo{mebibytes(2), mebibytes(1)}));
}

TEST(DeviceInventory, MeasuresLoadBetweenTwoReadings) {
    const auto before = parse_cpu_times("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1\n");
    const auto after = parse_cpu_times("cpu  150 0 125 720 105 0 0 0 0 0\n");

    EXPECT_EQ(before, (CpuTimes{200, 1000}));
    EXPECT_DOUBLE_EQ(load_between(before, after), 0.75);
    EXPECT_DOUBLE_EQ(load_between(after, after), 0);
    EXPECT_DOUBLE_EQ(load_between(after, before), 0);
}

TEST(DeviceInventory, CutsTheMachineToWhatTheControlGroupAllows) {
    const auto limits = parse_group_limits({.memory_max = "1000\n",
                                            .memory_current = "700\n",
                                            .memory_stat = "anon 300\ninactive_file 250\nactive_file 50\n",
                                            .cpu_max = "150000 100000\n"});

    const auto device =
        cpu_device(parse_cpuinfo(std::string(cpuinfo) + "processor : 2\n"), {mebibytes(2), mebibytes(1)}, limits, 0.5);

    EXPECT_EQ(device.memory_total, Bytes(1000));
    EXPECT_EQ(device.memory_free, Bytes(600));
    EXPECT_EQ(device.cores, 2U);
    EXPECT_DOUBLE_EQ(device.load, 0.5);
}

TEST(DeviceInventory, TakesTheWholeMachineWithoutLimits) {
    const auto limits = parse_group_limits({.memory_max = "max\n", .cpu_max = "max 100000\n"});

    const auto device = cpu_device(parse_cpuinfo(cpuinfo), {mebibytes(2), mebibytes(1)}, limits, 0);

    EXPECT_EQ(limits, GroupLimits{});
    EXPECT_EQ(device.memory_free, mebibytes(1));
    EXPECT_EQ(device.cores, 2U);
}

TEST(DeviceInventory, FindsItsControlGroup) {
    EXPECT_EQ(parse_group_path("1:name=systemd:/x\n0::/user.slice/a\n"), "user.slice/a");
    EXPECT_EQ(parse_group_path("0::/\n"), "");
    EXPECT_EQ(parse_group_path("0::/../../x\n"), "");
    EXPECT_EQ(parse_group_path(""), "");
}

RC_GTEST_PROP(DeviceInventoryProperty, SurvivesAnyText, (const std::string& text)) {
    const auto limits = parse_group_limits({text, text, text, text});
    const auto load = load_between(parse_cpu_times(text), parse_cpu_times("cpu " + text));

    const auto device = cpu_device(parse_cpuinfo(text), parse_meminfo("MemTotal:" + text), limits, load);

    RC_ASSERT(device.cores >= 1U);
    RC_ASSERT(device.load >= 0 && device.load <= 1);
}

}  // namespace
}  // namespace rbees::pool
