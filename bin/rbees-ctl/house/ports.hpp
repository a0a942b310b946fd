#pragma once
/// @file
/// Whether an address can be listened on, and who has it if not.

#include <cstdint>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"

namespace rbees::ctl {

enum class PortState : std::uint8_t { free, taken };

/// Tries to listen and gives the port back at once. Fails where the host is not this machine's, or the port needs
/// rights that we do not have. Blocks on name look-up if `host` is a name.
[[nodiscard]] Result<PortState> probe_port(const std::string& host, std::uint16_t port);

/// A port that nobody listens on. Somebody may take it before it is used.
[[nodiscard]] Result<std::uint16_t> free_port(const std::string& host);

/// "process 4711 (nginx)": who listens on that TCP port; nothing where the kernel does not tell us, as with other
/// users' processes.
[[nodiscard]] std::optional<std::string> holder_of(std::uint16_t port);

}  // namespace rbees::ctl
