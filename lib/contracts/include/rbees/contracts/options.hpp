#pragma once
/// @file
/// Every configuration option of every program, once; documentation and `rbees config view` come from here.

#include <span>
#include <string_view>

#include "rbees/base/config.hpp"
#include "rbees/base/time.hpp"

namespace rbees::contracts {

/// One table for all programs: a home has one config.toml, and every program takes from it what it needs.
[[nodiscard]] std::span<const Option> options();

/// What an option that is a time is where nobody sets it; and the least that it may be, zero without a bound. For what
/// is not read from a configuration: a command line, a test. There must be such an option (RBEES_ASSERT).
[[nodiscard]] Duration default_duration(std::string_view option);
[[nodiscard]] Duration least_duration(std::string_view option);

}  // namespace rbees::contracts
