#pragma once
/// @file
/// What the gateway must know of a request's body; everything else passes through unread.

#include <expected>
#include <string>
#include <string_view>

#include "rbees/contracts/problem.hpp"

namespace rbees::orcd {

/// Reads the body once: well-formed, an object, and which model it names (empty if none).
[[nodiscard]] std::expected<std::string, contracts::Problem> model_named_in(std::string_view body);

}  // namespace rbees::orcd
