#pragma once
/// @file
/// What is wrong with a body or a query, as one error: every program names all faults at once, in the same words.

#include <string_view>

#include "rbees/contracts/problem.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::contracts {

/// INVALID_PARAMS: "the `what` is not valid: ", and every fault, of which there must be one at least.
[[nodiscard]] Problem invalid(std::string_view what, reflect::FieldErrors errors);

}  // namespace rbees::contracts
