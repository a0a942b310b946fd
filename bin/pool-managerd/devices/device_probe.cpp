#include "devices/device_probe.hpp"

#include <utility>

#include "rbees/base/files.hpp"

namespace rbees::poold {
namespace {

constexpr std::uint64_t ticks_min = 50;  // fewer say nothing about a load

}  // namespace

DeviceProbe::DeviceProbe(std::filesystem::path root, std::unique_ptr<GpuDriver> gpus)
    : root_(std::move(root)),
      gpus_(std::move(gpus)),
      cpu_(pool::parse_cpuinfo(text("proc/cpuinfo"))),
      times_(pool::parse_cpu_times(text("proc/stat"))) {}

std::vector<contracts::Device> DeviceProbe::devices() {
    const auto times = pool::parse_cpu_times(text("proc/stat"));
    if (times.total < times_.total || times.total - times_.total >= ticks_min) {
        load_ = pool::load_between(std::exchange(times_, times), times);
    }
    const auto memory = pool::parse_meminfo(text("proc/meminfo"));
    std::vector devices{pool::cpu_device(cpu_, memory, group_limits(), load_)};
    for (auto& gpu : gpus_->devices()) {
        if (!gpu_trouble_.empty()) gpu.unusable = gpu_trouble_;
        devices.push_back(std::move(gpu));
    }
    return devices;
}

std::string DeviceProbe::text(const char* path) const {
    return read_file(root_ / path).value_or("");
}

pool::GroupLimits DeviceProbe::group_limits() const {
    const auto group = std::filesystem::path("sys/fs/cgroup") / pool::parse_group_path(text("proc/self/cgroup"));
    const auto file = [&](const char* name) { return text((group / name).c_str()); };
    return pool::parse_group_limits({.memory_max = file("memory.max"),
                                     .memory_current = file("memory.current"),
                                     .memory_stat = file("memory.stat"),
                                     .cpu_max = file("cpu.max")});
}

}  // namespace rbees::poold
