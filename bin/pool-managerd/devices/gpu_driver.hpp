#pragma once
/// @file
/// The port to the graphics driver: which processors there are, and how full they are.

#include <memory>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/contracts/nodes.hpp"

namespace rbees::poold {

/// A port: NVML where NVIDIA's driver is there, a fake in tests.
class GpuDriver {
  public:
    GpuDriver() = default;
    GpuDriver(const GpuDriver&) = delete;
    GpuDriver& operator=(const GpuDriver&) = delete;
    virtual ~GpuDriver() = default;

    /// Every processor as it is now ("cuda:0", ...); empty where there is none or the driver does not answer.
    [[nodiscard]] virtual std::vector<contracts::Device> devices() = 0;
};

/// NVML out of libnvidia-ml.so.1, loaded at run time; without that library a driver that knows no device.
[[nodiscard]] std::unique_ptr<GpuDriver> make_nvml_driver(const Logger& log);

}  // namespace rbees::poold
