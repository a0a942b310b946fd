#pragma once
/// @file
/// What the command line and the configuration say to rbees-orcd.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rbees/base/config.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::orcd {

enum class ExitCode : int { ok = 0, failed = 1, usage = 2 };

/// The end before the beginning: a help text, or a mistake.
struct EarlyExit {
    ExitCode code = ExitCode::ok;
    std::string text;
};

/// What the program is to be.
enum class Mode : std::uint8_t {
    serve,      ///< the orchestrator
    supervise,  ///< the parent that restarts the orchestrator and the pool manager
};

struct Settings {
    Mode mode = Mode::serve;
    Home home;
    std::vector<std::pair<std::string, std::uint16_t>> listen;  ///< host and port
    std::string listen_text;                                    ///< the same, as written
    std::uint32_t threads = 1;
    LogLevel log_level = LogLevel::info;
    bool open_metrics = false;

    std::string default_model;  ///< empty: chosen among those on disk
    Duration load_deadline{};
    std::size_t queue_capacity = 1024;
    Duration queue_wait{};

    Bytes body_limit;
    std::size_t connection_limit = 4096;
    Duration heartbeat_interval{};
    std::uint32_t heartbeat_missed = 3;
    Duration shutdown_grace{};
    Bytes storage_watermark;

    std::vector<std::string> pass_on;  ///< flags that the supervisor gives its children
};

/// Reads the command line, then the configuration. Errors are for stderr, help and version for stdout. A listener
/// beyond loopback is a usage error: there is no TLS.
[[nodiscard]] std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv,
                                                               const Environment& environment);

}  // namespace rbees::orcd
