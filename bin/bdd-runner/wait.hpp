#pragma once
/// @file
/// Waiting for what another program does, with a deadline.

#include <functional>

#include "rbees/base/time.hpp"

namespace rbees::bdd {

/// Asks again and again until the answer is yes or `limit` has passed; the last answer. Between two questions it lets
/// the machine work for a moment: the programs under test give no signal that a stranger could wait for.
[[nodiscard]] bool wait_until(Duration limit, const std::function<bool()>& question);

}  // namespace rbees::bdd
