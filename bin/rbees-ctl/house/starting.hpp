#pragma once
/// @file
/// Starting the daemons of a home: the supervisor, which starts rbees-orcd and pool-managerd and restarts what dies.

#include <cstdint>
#include <optional>
#include <string>

#include "cli/session.hpp"

namespace rbees::ctl {

enum class StartKind : std::uint8_t { started, already_running };

struct Started {
    StartKind kind = StartKind::started;
    std::string url;
    std::string note;  ///< where the address is not what one would expect; may be empty
};

/// Makes the home ready, starts what does not run (also what the supervisor had given up), and returns when rbees-orcd
/// answers and the pool manager is registered. Does nothing where both run already. Fails with the last lines of the
/// log of a daemon that died meanwhile, with PORT_TAKEN, or after `start_time` (or `--timeout`). `listen` is the flag.
[[nodiscard]] Checked<Started> start_house(Session& session, const std::optional<std::string>& listen);

/// How long the daemons may take to be ready.
inline constexpr Duration start_time = std::chrono::seconds(30);

}  // namespace rbees::ctl
