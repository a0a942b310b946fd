#pragma once
/// @file
/// Quantities with their unit in the type: bytes and tokens.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"

namespace rbees {

/// A count of one thing. Adds and compares with its own kind only.
template <class Tag>
struct Count {
    std::uint64_t value = 0;

    constexpr Count() = default;
    constexpr explicit Count(std::uint64_t count) : value(count) {}
    constexpr auto operator<=>(const Count&) const = default;
    constexpr Count& operator+=(Count other) { return value += other.value, *this; }
    friend constexpr Count operator+(Count a, Count b) { return Count(a.value + b.value); }
};

using Bytes = Count<struct BytesTag>;
using Tokens = Count<struct TokensTag>;

[[nodiscard]] constexpr Bytes kibibytes(std::uint64_t count) {
    return Bytes(count << 10);
}
[[nodiscard]] constexpr Bytes mebibytes(std::uint64_t count) {
    return Bytes(count << 20);
}

/// "94.2 MB": decimal units as disks and downloads are sold.
[[nodiscard]] std::string describe(Bytes bytes);

/// Reads "512MB", "2GiB", "100": decimal and binary units. Fails with what is wrong with the text.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

}  // namespace rbees
