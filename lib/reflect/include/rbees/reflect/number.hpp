#pragma once
/// @file
/// Whole numbers of JSON, which knows no kinds of numbers: `3`, `3.0` and `0.3e1` are the same.
///
/// Boost.JSON's own `to_number` converts a floating-point number before it knows that it fits, and compares with bounds
/// that are rounded up: for 2^63 and 2^64, which a client can send, its result is undefined.

#include <cstdint>
#include <optional>

#include "rbees/reflect/json.hpp"

namespace rbees::reflect {

/// The number; nothing if it has a fraction, does not fit, or is no number.
[[nodiscard]] std::optional<std::int64_t> to_integer(const json::value& value);
[[nodiscard]] std::optional<std::uint64_t> to_unsigned(const json::value& value);

}  // namespace rbees::reflect
