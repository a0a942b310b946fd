#pragma once
/// @file
/// The smallest JSON value that a schema allows, so that the simulated engine answers as a constrained one does.

#include <boost/json/value.hpp>
#include <cstddef>

namespace rbees::engine {

/// Most bytes that a value grows to, about; more than a model would write into its context.
inline constexpr std::size_t max_value_bytes = std::size_t{1} << 18;

/// Understands const, enum, default, type, properties, required, items, minItems, minLength, minimum, anyOf, oneOf,
/// allOf and local `$ref`. A `pattern` is not looked at. Recursion ends at `max_depth`, and a schema that asks for more
/// than `max_value_bytes` (lists in lists) gets no more of it: null, a shorter list, or fewer members.
[[nodiscard]] boost::json::value smallest_value(const boost::json::value& schema);

}  // namespace rbees::engine
