#pragma once
/// @file
/// Which scenarios to run: `@slow`, `not @slow`, `@a and (@b or not @c)`; `not` binds tighter than `and`, that than
/// `or`.

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rbees::bdd {

/// Answers for the tags of one scenario whether it is wanted.
using TagFilter = std::function<bool(const std::vector<std::string>& tags)>;

/// Reads an expression; the empty one wants everything. Fails with what is wrong with it.
[[nodiscard]] std::expected<TagFilter, std::string> parse_tag_expression(std::string_view text);

}  // namespace rbees::bdd
