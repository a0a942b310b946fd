#pragma once
/// @file
/// Which model a command means when it names none.

#include <optional>
#include <string>

#include "cli/session.hpp"
#include "rbees/base/ids.hpp"

namespace rbees::ctl {

/// The option `models.default`, else the model that the last `rbees up MODEL` named; nothing if nobody ever chose.
[[nodiscard]] Checked<std::optional<ModelId>> chosen_model(Session& session);

/// `named`, else the chosen one of this home, else the first that rbees-orcd can use at once. Fails with exit code 3
/// when there is none.
[[nodiscard]] Checked<ModelId> preferred_model(Session& session, Api& api, const std::optional<std::string>& named);

}  // namespace rbees::ctl
