#pragma once
/// @file
/// "Did you mean": the known name nearest to a mistyped one.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace rbees {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment
/// distance).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `names`; nothing if even that one differs in more than a third of its letters.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           const std::vector<std::string_view>& names);

}  // namespace rbees
