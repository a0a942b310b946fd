#pragma once
/// @file
/// Starting a worker's process, so that it can be found again whatever happens to us meanwhile.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/daemon/log_file.hpp"
#include "rbees/process/process.hpp"
#include "workers/worker_record.hpp"

namespace rbees::poold {

/// Everything that a worker's command line says.
struct LaunchOrder {
    WorkerRecord record;  ///< pid, start time and boot id are filled in by `launch`
    std::string model_path;
    std::optional<std::filesystem::path> chat_template;  ///< instead of the model's own
    std::string callback_url;
    std::uint32_t slots = 0;
    std::optional<std::uint64_t> context;
    std::optional<std::uint32_t> threads;
    Duration lease = contracts::default_duration("tasks.lease");
    std::filesystem::path program;
    std::filesystem::path log_file;
    LogLevel log_level = LogLevel::info;
    daemon::LogLimits log_limits;
};

struct Launched {
    process::Process process;
    WorkerRecord record;
};

/// Starts the process in its own session, writes its record, then hands it the secret through a pipe. A worker whose
/// record could not be written is killed before it does anything.
[[nodiscard]] Result<Launched> launch(LaunchOrder order, const WorkerRecords& records);

/// Whether a socket can be bound there on loopback now.
[[nodiscard]] bool is_port_free(std::uint16_t port);

}  // namespace rbees::poold
