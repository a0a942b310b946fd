#pragma once
/// @file
/// Every configuration option of every program, once; documentation and `rbees config view` come from here.

#include <span>

#include "rbees/base/config.hpp"

namespace rbees::contracts {

/// One table for all programs: a home has one config.toml, and every program takes from it what it needs.
[[nodiscard]] std::span<const Option> options();

}  // namespace rbees::contracts
