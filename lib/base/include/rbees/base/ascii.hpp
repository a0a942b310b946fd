#pragma once
/// @file
/// Case of ASCII letters, for the words of protocols and files: header names, schemes, units. Nothing depends on the
/// locale, and bytes beyond ASCII stay what they are.

#include <algorithm>
#include <string>
#include <string_view>

namespace rbees {

/// The small letter for a capital one; every other byte is itself.
[[nodiscard]] constexpr char to_lower(char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The other way round.
[[nodiscard]] constexpr char to_upper(char c) {
    return 'a' <= c && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
    std::string made(text);
    for (auto& c : made)
        c = to_lower(c);
    return made;
}

[[nodiscard]] inline std::string to_upper(std::string_view text) {
    std::string made(text);
    for (auto& c : made)
        c = to_upper(c);
    return made;
}

/// "ETag" and "etag". Not for secrets: its time tells where texts differ.
[[nodiscard]] constexpr bool equal_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace rbees
