#include "rbees/reflect/number.hpp"

#include <cmath>
#include <utility>

namespace rbees::reflect {
namespace {

/// A floating-point number as a whole one, if it is one from `low` to below `end`.
template <class Integer>
std::optional<Integer> whole(double number, double low, double end) {
    if (!(number >= low && number < end) || std::trunc(number) != number) return std::nullopt;
    return static_cast<Integer>(number);
}

}  // namespace

std::optional<std::int64_t> to_integer(const json::value& value) {
    if (const auto* number = value.if_int64()) return *number;
    if (const auto* number = value.if_double()) return whole<std::int64_t>(*number, -0x1p63, 0x1p63);
    const auto* number = value.if_uint64();
    const bool fits = number != nullptr && std::in_range<std::int64_t>(*number);
    return fits ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::optional<std::uint64_t> to_unsigned(const json::value& value) {
    if (const auto* number = value.if_uint64()) return *number;
    if (const auto* number = value.if_double()) return whole<std::uint64_t>(*number, 0, 0x1p64);
    const auto* number = value.if_int64();
    return number != nullptr && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

}  // namespace rbees::reflect
