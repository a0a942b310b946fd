#pragma once
/// @file
/// The smallest JSON value that a schema allows, so that the simulated engine answers as a constrained one does.

#include <boost/json/value.hpp>

namespace rbees::engine {

/// Understands const, enum, default, type, properties, required, items, minItems, minLength, minimum, anyOf, oneOf,
/// allOf and local
/// `$ref`; recursion ends at `max_depth` with null. A `pattern` is not looked at.
[[nodiscard]] boost::json::value smallest_value(const boost::json::value& schema);

}  // namespace rbees::engine
