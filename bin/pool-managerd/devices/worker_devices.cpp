#include "devices/worker_devices.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "child_output.hpp"
#include "limits.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::poold {
namespace {

using contracts::DeviceKind;
using contracts::EngineDevices;

bool has(const std::vector<DeviceKind>& kinds, DeviceKind kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

}  // namespace

net::Task<std::expected<EngineDevices, std::string>> ask_worker_devices(net::IoContext& io,
                                                                        std::filesystem::path program) {
    const auto name = program.filename().native();
    process::SpawnPlan plan{.program = std::move(program),
                            .arguments = {"--devices"},
                            .environment = {},
                            .log_file = {},
                            .files = {},
                            .working_folder = {}};
    const auto result = co_await run_child(io, std::move(plan), limits::devices_answer, limits::devices_output);
    if (!result) co_return std::unexpected(describe(result.error()));
    auto devices = reflect::from_json_text<EngineDevices>(result->output);
    if (devices) co_return std::move(*devices);
    co_return std::unexpected(fmt::format("{} --devices gave no answer ({})", name, process::describe(result->status)));
}

std::string gpu_trouble(const std::expected<EngineDevices, std::string>& devices) {
    if (!devices) return devices.error();
    if (has(devices->usable, DeviceKind::cuda)) return {};
    if (has(devices->built_for, DeviceKind::cuda)) return "CUDA finds no GPU that it can use; is the driver too old?";
    return "rbees was built without CUDA; docs/gpu.md says how to build it";
}

}  // namespace rbees::poold
