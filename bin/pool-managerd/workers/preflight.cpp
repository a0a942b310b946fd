#include "workers/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "limits.hpp"

namespace rbees::poold {

using contracts::Device;
using contracts::ErrorCode;
using contracts::Problem;

std::expected<Device, Problem> choose_device(const std::vector<Device>& devices,
                                             const std::optional<std::string>& wanted) {
    const auto id = wanted.value_or("cpu");
    const auto found = std::ranges::find(devices, id, &Device::id);
    if (found != devices.end() && found->unusable) {
        return std::unexpected(Problem{.code = ErrorCode::GPU_UNAVAILABLE,
                                       .detail = fmt::format("no worker can run on {}: {}", id, *found->unusable),
                                       .hint = "run the model on the CPU, or see docs/gpu.md"});
    }
    if (found != devices.end()) return *found;
    std::string names;
    for (const auto& device : devices) {
        names += (names.empty() ? "" : ", ") + device.id;
    }
    return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                   .detail = fmt::format("this node has no device `{}`, but {}", id, names)});
}

Bytes expected_memory(Bytes model_size, contracts::DeviceKind kind) {
    const auto beside =
        kind == contracts::DeviceKind::cpu ? limits::memory_beside_model : limits::gpu_memory_beside_model;
    return model_size + Bytes(model_size.value / 10) + beside;
}

std::expected<void, Problem> check_memory(const ModelId& model, Bytes needed, Bytes promised, const Device& device) {
    if (needed + promised <= device.memory_free) return {};
    const bool on_gpu = device.kind != contracts::DeviceKind::cpu;
    auto detail = fmt::format("{} needs about {} of memory on {}; {} of {} are free", model.str(), describe(needed),
                              device.id, describe(device.memory_free), describe(device.memory_total));
    if (promised > Bytes(0)) detail += fmt::format(", and workers that are loading will take {}", describe(promised));
    return std::unexpected(Problem{.code = on_gpu ? ErrorCode::INSUFFICIENT_VRAM : ErrorCode::INSUFFICIENT_MEMORY,
                                   .detail = std::move(detail),
                                   .hint = "unload another model (rbees models unload), or use a smaller one"});
}

}  // namespace rbees::poold
