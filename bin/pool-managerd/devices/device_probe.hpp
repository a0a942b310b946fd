#pragma once
/// @file
/// What can run a model on this machine, read afresh each time.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "devices/gpu_driver.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/pool_core/device_inventory.hpp"

namespace rbees::poold {

/// Reads /proc and /sys/fs/cgroup under `root` ("/" but for tests), and asks the graphics driver. Used on one thread.
class DeviceProbe {
  public:
    DeviceProbe(std::filesystem::path root, std::unique_ptr<GpuDriver> gpus);

    /// The CPU first. Its load is that since the call before, or before that if hardly any time passed.
    [[nodiscard]] std::vector<contracts::Device> devices();

    /// Why no worker can run on a GPU here; told with every GPU from now on. Empty if one can.
    void note_gpu_trouble(std::string trouble) { gpu_trouble_ = std::move(trouble); }

  private:
    [[nodiscard]] std::string text(const char* path) const;
    [[nodiscard]] pool::GroupLimits group_limits() const;

    std::filesystem::path root_;
    std::unique_ptr<GpuDriver> gpus_;
    pool::CpuInfo cpu_;
    pool::CpuTimes times_;
    double load_ = 0;
    std::string gpu_trouble_;
};

}  // namespace rbees::poold
