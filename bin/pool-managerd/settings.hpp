#pragma once
/// @file
/// What the command line and the configuration say to the pool manager.

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "rbees/base/home.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/daemon/command_line.hpp"
#include "rbees/daemon/log_file.hpp"
#include "rbees/pool_core/worker_lifecycle.hpp"

namespace rbees::poold {

using daemon::EarlyExit;
using daemon::ExitCode;

struct Settings {
    Home home;
    std::string listen_host = "127.0.0.1";
    std::uint16_t listen_port = 9200;  ///< or the next free one
    std::string orchestrator;          ///< address of orcd; empty: the one of this home
    std::string name;                  ///< of this machine
    LogLevel log_level = LogLevel::info;
    daemon::LogLimits log_limits;

    pool::WorkerLimits workers;
    std::uint32_t worker_slots = 4;
    std::uint64_t worker_context = 0;
    std::uint32_t worker_threads = 0;
    Duration tasks_lease = contracts::default_duration("tasks.lease");
    Duration shutdown_grace = contracts::default_duration("shutdown.grace");

    std::uint32_t download_connections = 4;
    Duration download_answer_timeout = contracts::default_duration("download.answer_timeout");
    std::string huggingface_endpoint = "https://huggingface.co";
    std::optional<std::string> huggingface_token;

    std::filesystem::path worker_program;  ///< rbees-workerd
    std::filesystem::path recipes;         ///< folder of the model recipes
};

/// Reads the command line, then the configuration. Errors are for stderr, help and version for stdout.
[[nodiscard]] std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv,
                                                               const Environment& environment);

}  // namespace rbees::poold
