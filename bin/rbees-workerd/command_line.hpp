#pragma once
/// @file
/// The command line of rbees-workerd, checked. Secrets are never on it: /proc shows it to everybody.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "rbees/base/ids.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/net/message.hpp"

namespace rbees::workerd {

/// Exit codes of this program.
enum class ExitCode : std::uint8_t {
    ok = 0,             ///< drained, or only asked for help
    failed = 1,         ///< the load failed, the port is taken, the pool manager is gone: stderr says which
    usage = 2,          ///< the command line is wrong
    interrupted = 130,  ///< stopped by a second signal, with work in flight
};

/// What to run.
struct Settings {
    WorkerId worker;
    engine::LoadPlan plan;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0 takes a free one
    std::optional<net::Url> callback;
    std::optional<int> secret_fd;
};

/// A reason to end before anything runs, and what to print: on stdout if the code is `ok`, else on stderr.
struct EarlyExit {
    ExitCode code = ExitCode::usage;
    std::string text;
};

[[nodiscard]] std::expected<Settings, EarlyExit> parse_command_line(int argc, const char* const* argv);

}  // namespace rbees::workerd
