#pragma once
/// @file
/// Which members of a body reach llama.cpp. It takes more than its API documents: what its layers hand each other
/// travels by the same names, and some values end or stop the whole process, with everybody's work.

#include <boost/json/fwd.hpp>
#include <expected>

#include "rbees/engine/api_error.hpp"

namespace rbees::engine {

/// Most tokens that a penalty looks back over; memory and time grow with it, whatever was generated.
inline constexpr int max_penalty_tokens = 65'536;
/// A bias that decides alone, and yet is a number: with infinite ones no token may be left to choose.
inline constexpr float strongest_bias = 1e6F;

/// Takes out what is internal to llama.cpp and brings biases to numbers that it can calculate with. Refuses values that
/// cost without limit.
[[nodiscard]] std::expected<void, ApiError> admit_members(boost::json::object& body);

/// A bias that never leads to infinite or undefined probabilities.
[[nodiscard]] float finite_bias(float bias);

}  // namespace rbees::engine
