#pragma once
/// @file
/// Whole numbers as they stand in headers, paths and queries.

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace rbees::workerd {

/// The number, if the text is nothing but one that fits the type.
template <class Number>
[[nodiscard]] std::optional<Number> whole_number(std::string_view text) {
    Number number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

}  // namespace rbees::workerd
