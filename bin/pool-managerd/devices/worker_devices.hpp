#pragma once
/// @file
/// Whether our worker program can use the GPUs of this machine: the driver may be there, and the program built without
/// code for it.

#include <expected>
#include <filesystem>
#include <string>

#include "rbees/contracts/workers.hpp"
#include "rbees/net/task.hpp"

namespace rbees::poold {

/// What `program --devices` answers; a reason for people if it gives no answer.
[[nodiscard]] net::Task<std::expected<contracts::EngineDevices, std::string>> ask_worker_devices(
    net::IoContext& io, std::filesystem::path program);

/// Why no worker can run on a GPU of this machine, for people; empty if one can. Pure.
[[nodiscard]] std::string gpu_trouble(const std::expected<contracts::EngineDevices, std::string>& devices);

}  // namespace rbees::poold
