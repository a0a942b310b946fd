#pragma once
/// @file
/// What the command line and the configuration say to rbees-orcd.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "rbees/base/home.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/control/policy.hpp"
#include "rbees/daemon/command_line.hpp"
#include "rbees/daemon/log_file.hpp"

namespace rbees::orcd {

using daemon::EarlyExit;
using daemon::ExitCode;

/// What the program is to be.
enum class Mode : std::uint8_t {
    serve,      ///< the orchestrator
    supervise,  ///< the parent that restarts the orchestrator and the pool manager
    trial,      ///< only whether a journal can be opened for writing, for the orchestrator that can only read it
};

struct Settings {
    Mode mode = Mode::serve;
    std::filesystem::path tried_journal;  ///< of a trial, which has nothing of what follows
    Home home;
    std::vector<std::pair<std::string, std::uint16_t>> listen;  ///< host and port
    std::string listen_text;                                    ///< the same, as written
    std::uint32_t threads = 1;
    LogLevel log_level = LogLevel::info;
    daemon::LogLimits log_limits;
    bool open_metrics = false;

    std::string default_model;  ///< empty: chosen among those on disk
    control::Policy policy;

    Bytes body_limit;
    Bytes bodies_limit;  ///< of all requests together; not below the limit of one
    std::size_t connection_limit = 4096;
    Duration shutdown_grace{};
    Bytes storage_watermark;
    Duration journal_keep{};  ///< none: for ever

    std::vector<std::string> pass_on;  ///< flags that the supervisor gives its children
};

/// Reads the command line, then the configuration. Errors are for stderr, help and version for stdout. A listener
/// beyond loopback is a usage error: there is no TLS.
[[nodiscard]] std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv,
                                                               const Environment& environment);

}  // namespace rbees::orcd
