#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "devices/device_probe.hpp"
#include "devices/worker_devices.hpp"
#include "rbees/base/files.hpp"
#include "test_house.hpp"

namespace rbees::poold {
namespace {

using contracts::DeviceKind;
using contracts::EngineDevices;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two GPUs, the first of them full.
class TwoGpus final : public GpuDriver {
  public:
    std::vector<contracts::Device> devices() override {
        return {{.id = "cuda:0", .kind = DeviceKind::cuda, .memory_total = Bytes(100), .memory_free = Bytes(0)},
                {.id = "cuda:1", .kind = DeviceKind::cuda, .memory_total = Bytes(100), .memory_free = Bytes(90)}};
    }
};

class DeviceProbeTest : public testing::Test {
  protected:
    /// A file under the root that the probe reads.
    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((house.folder() / path).parent_path());
        ASSERT_TRUE(write_file_atomically(house.folder() / path, text, FileAccess::everyone));
    }

    void SetUp() override {
        put("proc/cpuinfo", "processor : 0\nmodel name : Test CPU\nprocessor : 1\n");
        put("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 600 kB\n");
        put("proc/stat", "cpu 1 0 0 1 0 0 0 0\n");
    }

    TestHome house;
};

TEST_F(DeviceProbeTest, CountsAsFreeWhatTheMachineCanGiveAndWhatTheDriverCallsFree) {
    DeviceProbe probe(house.folder(), std::make_unique<TwoGpus>());

    const auto devices = probe.devices();

    ASSERT_EQ(devices.size(), 3U);
    EXPECT_EQ(devices[0].id, "cpu");
    EXPECT_EQ(devices[0].name, "Test CPU");
    EXPECT_EQ(devices[0].memory_free, kibibytes(600));  // MemAvailable, not MemFree
    EXPECT_EQ(devices[1].memory_free, Bytes(0));
    EXPECT_EQ(devices[2].memory_free, Bytes(90));
}

TEST_F(DeviceProbeTest, CutsTheMachinesMemoryToTheControlGroups) {
    put("proc/self/cgroup", "0::/box\n");
    put("sys/fs/cgroup/box/memory.max", "409600\n");
    put("sys/fs/cgroup/box/memory.current", "307200\n");
    put("sys/fs/cgroup/box/memory.stat", "inactive_file 204800\n");
    DeviceProbe probe(house.folder(), std::make_unique<TwoGpus>());

    const auto cpu = probe.devices().front();

    EXPECT_EQ(cpu.memory_total, kibibytes(400));
    EXPECT_EQ(cpu.memory_free, kibibytes(300));  // the file cache gives way
}

TEST_F(DeviceProbeTest, TellsTroubleWithTheGpusOfEachOfThemAndNotOfTheCpu) {
    DeviceProbe probe(house.folder(), std::make_unique<TwoGpus>());

    probe.note_gpu_trouble("no driver");

    const auto devices = probe.devices();
    EXPECT_EQ(devices[0].unusable, std::nullopt);
    EXPECT_EQ(devices[1].unusable, "no driver");
    EXPECT_EQ(devices[2].unusable, "no driver");
}

/// NVIDIA's library as far as we call it. The driver is looked for by this name, and finds the one that is loaded.
class NvmlDriverTest : public testing::Test {
  protected:
    void SetUp() override {
        ::unsetenv("FAKE_NVML");
        ASSERT_NE(library_, nullptr) << ::dlerror();
    }
    ~NvmlDriverTest() override { ::dlclose(library_); }

  private:
    void* library_ = ::dlopen(RBEES_FAKE_NVML, RTLD_NOW | RTLD_LOCAL);
};

TEST_F(NvmlDriverTest, ListsTheGpusWithWhatTheLibraryTellsOfThem) {
    const auto devices = make_nvml_driver(Logger())->devices();

    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].id, "cuda:0");
    EXPECT_EQ(devices[0].kind, DeviceKind::cuda);
    EXPECT_EQ(devices[0].name, "Test GPU 80GB");
    EXPECT_EQ(devices[0].memory_total, Bytes(80'000));
    EXPECT_EQ(devices[0].memory_free, Bytes(79'000));
    EXPECT_EQ(devices[0].load, 0.25);
    EXPECT_EQ(devices[0].features, std::vector<std::string>{"compute-9.0"});
    EXPECT_EQ(devices[1].id, "cuda:1");
    EXPECT_EQ(devices[1].memory_free, Bytes(0));
    EXPECT_EQ(devices[1].load, 0);  // it cannot tell
    EXPECT_EQ(devices[1].features, std::vector<std::string>{"compute-6.1"});
}

TEST_F(NvmlDriverTest, ListsNoneWhereTheDriverDoesNotAnswer) {
    ::setenv("FAKE_NVML", "broken", 1);

    EXPECT_THAT(make_nvml_driver(Logger())->devices(), IsEmpty());
}

TEST(GpuTroubleTest, IsNoneWhereTheWorkerFindsAGpu) {
    EXPECT_THAT(gpu_trouble(EngineDevices{{DeviceKind::cpu, DeviceKind::cuda}, {DeviceKind::cpu, DeviceKind::cuda}}),
                IsEmpty());
}

TEST(GpuTroubleTest, TellsABuildWithoutCudaFromADriverThatDoesNotWork) {
    EXPECT_THAT(gpu_trouble(EngineDevices{{DeviceKind::cpu}, {DeviceKind::cpu}}), HasSubstr("docs/gpu.md"));
    EXPECT_THAT(gpu_trouble(EngineDevices{{DeviceKind::cpu, DeviceKind::cuda}, {DeviceKind::cpu}}),
                HasSubstr("driver"));
    EXPECT_EQ(gpu_trouble(std::unexpected("it crashed")), "it crashed");
}

TEST(WorkerDevicesTest, AreWhatTheProgramSays) {
    net::IoContext io(1);
    ::setenv("FAKE_DEVICES", R"({"built_for": ["cpu", "cuda"], "usable": ["cpu"]})", 1);

    const auto devices = finish(io, ask_worker_devices(io, RBEES_FAKE_WORKER));

    ASSERT_TRUE(devices) << devices.error();
    EXPECT_EQ(devices->built_for, (std::vector{DeviceKind::cpu, DeviceKind::cuda}));
    EXPECT_EQ(devices->usable, (std::vector{DeviceKind::cpu}));
}

TEST(WorkerDevicesTest, OfAProgramThatFailsAreItsEnd) {
    net::IoContext io(1);
    ::unsetenv("FAKE_DEVICES");

    EXPECT_THAT(finish(io, ask_worker_devices(io, RBEES_FAKE_WORKER)).error(), HasSubstr("exit code 127"));
    EXPECT_THAT(finish(io, ask_worker_devices(io, "/nowhere/rbees-workerd")).error(), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace rbees::poold
