#pragma once
/// @file
/// Which address rbees-orcd of a home gets: the person's choice, the one kept from before, or the default; and what to
/// do when somebody else has it.

#include <optional>
#include <string>
#include <string_view>

#include "cli/outcome.hpp"
#include "house/kept.hpp"
#include "rbees/base/config.hpp"

namespace rbees::ctl {

struct ListenerChoice {
    std::string listen;               ///< "127.0.0.1:8080", several separated by commas; never port 0
    std::optional<std::string> keep;  ///< what later starts of this home shall use; nothing: the option will do
    std::string note;                 ///< a sentence where it is not what one would expect; may be empty
};

/// Whether rbees-orcd may listen there at all: a host beyond loopback is refused (exit code 2), because there is no
/// TLS.
[[nodiscard]] Checked<void> check_listener(std::string_view endpoints);

/// Order: `flag`, what was kept, the option `listen`. Port 0 becomes a free port, which is kept.
///
/// A port that is taken is an error (exit code 1, who has it) where somebody chose it: by flag, by option, or because
/// clients know the kept one. Where it is only the default, a free port is taken instead and kept. Refuses what
/// `check_listener` refuses.
[[nodiscard]] Checked<ListenerChoice> choose_listener(const std::optional<std::string>& flag, const Kept& kept,
                                                      const ConfigValue& option);

}  // namespace rbees::ctl
