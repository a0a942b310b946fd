#pragma once
/// @file
/// Whether a worker can be started at all: its model is here, its device exists, its memory is free. Pure.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::poold {

/// The device a worker is for: the wanted one, else the CPU. Fails with INVALID_PARAMS and the ones there are, or with
/// GPU_UNAVAILABLE and why none can run there.
[[nodiscard]] std::expected<contracts::Device, contracts::Problem> choose_device(
    const std::vector<contracts::Device>& devices, const std::optional<std::string>& wanted);

/// What a worker with a model file of that size takes of that kind of device, at least.
[[nodiscard]] Bytes expected_memory(Bytes model_size, contracts::DeviceKind kind);

/// Refuses with INSUFFICIENT_MEMORY, for a GPU INSUFFICIENT_VRAM, and the numbers; `promised` is what workers that are
/// loading will still take.
[[nodiscard]] std::expected<void, contracts::Problem> check_memory(const ModelId& model, Bytes needed, Bytes promised,
                                                                   const contracts::Device& device);

}  // namespace rbees::poold
