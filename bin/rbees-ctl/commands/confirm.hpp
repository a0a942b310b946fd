#pragma once
/// @file
/// Asking before something is lost.

#include <string_view>

#include "cli/session.hpp"

namespace rbees::ctl {

/// Asks the person; without one, `--yes` must be on the command line. A no is an error that says `refusal`.
[[nodiscard]] Checked<void> confirm(Session& session, const Arguments& arguments, std::string_view question,
                                    std::string_view refusal);

}  // namespace rbees::ctl
