#pragma once
/// @file
/// Where rbees-orcd is, and which token opens it.

#include <optional>
#include <string>

#include "cli/outcome.hpp"
#include "rbees/base/config.hpp"
#include "rbees/base/home.hpp"

namespace rbees::ctl {

struct Address {
    std::string url;                   ///< "http://127.0.0.1:8080", without a slash at its end
    std::optional<std::string> token;  ///< a secret: never printed
};

/// `--url`, else RBEES_URL, else what the home says: the running rbees-orcd's own word, the address that `rbees up`
/// keeps, or the option `listen`.
///
/// The token is RBEES_TOKEN, else the home's; but the home's goes only to the home's own address or to this machine, so
/// that a mistyped address does not get it.
[[nodiscard]] Checked<Address> find_address(const std::optional<std::string>& flag, const Home& home,
                                            const Config& config, const Environment& environment);

/// The home's own rbees-orcd, and the home's own token; RBEES_TOKEN only where the home has none that can be read.
[[nodiscard]] Checked<Address> own_address(const Home& home, const Config& config, const Environment& environment);

/// The first of "HOST:PORT[,HOST:PORT...]" as a URL; 0.0.0.0 and :: are reached on loopback.
[[nodiscard]] std::string url_of_listener(std::string_view endpoints);

}  // namespace rbees::ctl
