#pragma once
/// @file
/// The command line of rbees-workerd, checked. Secrets are never on it: /proc shows it to everybody.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "rbees/base/ids.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/daemon/command_line.hpp"
#include "rbees/daemon/log_file.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/net/message.hpp"

namespace rbees::workerd {

using daemon::EarlyExit;
using daemon::ExitCode;

/// What to run.
struct Settings {
    WorkerId worker;
    engine::LoadPlan plan;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0 takes a free one
    std::optional<net::Url> callback;
    std::optional<int> secret_fd;
    LogLevel log_level = LogLevel::info;
    daemon::LogLimits log_limits;
    Duration lease{};  ///< of an execution that nobody asks for
};

/// Whether the command line is `--devices` alone, which starts no worker.
[[nodiscard]] bool asks_for_devices(int argc, const char* const* argv);

[[nodiscard]] std::expected<Settings, EarlyExit> parse_command_line(int argc, const char* const* argv);

}  // namespace rbees::workerd
