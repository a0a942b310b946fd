#pragma once
/// @file
/// Quantities with their unit in the type: bytes and tokens.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"

namespace rbees {

/// A count of one thing, as a value: tokens cannot be passed for bytes. Adds and compares with its own kind only; a sum
/// that does not fit wraps round, as the number in it does.
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

/// Reads "512MB", "2GiB", "1.5GB", "100": decimal and binary units in any case; without a unit it is bytes.
/// Fails with what is wrong with the text; "5M" is refused, because it means one thing to disks and another to memory.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

}  // namespace rbees
