#pragma once
/// @file
/// What is wrong with a body or a query, as one error: every program names all faults at once, in the same words.

#include <optional>
#include <string>
#include <string_view>

#include "rbees/contracts/problem.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::contracts {

/// INVALID_PARAMS: "the `what` is not valid: ", and every fault, of which there must be one at least.
/// The first bound that one of them names is the problem's `limit`.
[[nodiscard]] Problem invalid(std::string_view what, reflect::FieldErrors errors);

/// What can be done about a bound that a document went beyond, by its name; nothing where that goes without saying.
[[nodiscard]] std::optional<std::string> hint_of_bound(std::string_view limit);

}  // namespace rbees::contracts
