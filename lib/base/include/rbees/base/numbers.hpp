#pragma once
/// @file
/// Numbers as they stand in headers, paths, queries, arguments and files of the system. They are read strictly: the
/// whole text is one number that fits its type, or there is none. So "12x" is never taken for 12, and a number that is
/// too large never for another one. Durations and sizes, which have units, are read in time.hpp and units.hpp.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace rbees {

/// Decimal digits, before which a signed type may have a minus; no plus, no blank.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_whole(std::string_view text) {
    Number number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
}

/// Hexadecimal digits of either case, without "0x".
template <std::unsigned_integral Number>
[[nodiscard]] std::optional<Number> parse_hex(std::string_view text) {
    constexpr int base = 16;
    Number number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
}

/// A decimal fraction, also with an exponent ("0.7", "1e9"); never infinite, and always a number.
[[nodiscard]] std::optional<double> parse_real(std::string_view text);

}  // namespace rbees
