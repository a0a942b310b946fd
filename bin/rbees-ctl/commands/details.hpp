#pragma once
/// @file
/// One thing with all its fields, for `get`: a name and a value a line.

#include <boost/json/object.hpp>
#include <string>

#include "output/colour.hpp"

namespace rbees::ctl {

/// "state   ready" lines in the object's order; arrays by commas, objects inside as JSON, absent ones left out.
[[nodiscard]] std::string render_details(const boost::json::object& object, Colour colour);

}  // namespace rbees::ctl
