#include "rbees/base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "rbees/base/ascii.hpp"
#include "text_reader.hpp"

namespace rbees {
namespace {

struct Unit {
    std::string_view name;  ///< compared without regard to case
    std::uint64_t size;
};

constexpr std::uint64_t kilo = 1000;

constexpr std::array units{
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"kb", kilo},
    Unit{"mb", kilo* kilo},
    Unit{"gb", kilo* kilo* kilo},
    Unit{"tb", kilo* kilo* kilo* kilo},
    Unit{"pb", kilo* kilo* kilo* kilo* kilo},
    Unit{"kib", std::uint64_t{1} << 10},
    Unit{"mib", std::uint64_t{1} << 20},
    Unit{"gib", std::uint64_t{1} << 30},
    Unit{"tib", std::uint64_t{1} << 40},
    Unit{"pib", std::uint64_t{1} << 50},
};

constexpr std::size_t fraction_digits_max = 9;

std::unexpected<Failure> bad_size(std::string_view text, std::string_view what) {
    return fail(fmt::format("'{}' is not a size: {}", text, what),
                "write a number and its unit: 512MB, 2GiB, 1.5GB; without a unit it is bytes");
}

/// 0.`digits` of `size`, rounded down, without leaving 64 bits.
std::uint64_t part_of(std::uint64_t size, std::string_view digits) {
    std::uint64_t scale = 1;
    std::uint64_t fraction = 0;
    for (const char digit : digits) {
        scale *= 10;
        fraction = fraction * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return size / scale * fraction + size % scale * fraction / scale;
}

}  // namespace

std::string describe(Bytes bytes) {
    constexpr std::array<std::string_view, 7> names{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes.value < kilo) return fmt::format("{} B", bytes.value);
    std::size_t name = 1;
    std::uint64_t tenths = bytes.value / 100 + (bytes.value % 100 >= 50 ? 1 : 0);
    while (tenths >= kilo * 10) {
        tenths = (tenths + kilo / 2) / kilo;
        ++name;
    }
    if (tenths % 10 == 0) return fmt::format("{} {}", tenths / 10, names.at(name));
    return fmt::format("{}.{} {}", tenths / 10, tenths % 10, names.at(name));
}

Result<Bytes> parse_bytes(std::string_view text) {
    TextReader reader(text);
    if (reader.rest().substr(0, 1).find_first_of("0123456789") != 0) {
        return bad_size(text, "it does not start with a number");
    }
    const auto whole = reader.take_unsigned();
    if (!whole) return bad_size(text, "the number is too large");
    std::string_view fraction;
    if (reader.take_any(".")) {
        fraction = reader.take_digits();
        if (fraction.empty()) return bad_size(text, "no digit after the point");
        if (fraction.size() > fraction_digits_max) return bad_size(text, "too many digits after the point");
    }
    reader.take_any(" ");
    const auto unit =
        std::ranges::find_if(units, [&](Unit each) { return equal_without_case(each.name, reader.rest()); });
    if (unit == units.end()) return bad_size(text, fmt::format("'{}' is not a unit", reader.rest()));
    if (unit->size == 1 && !fraction.empty()) return bad_size(text, "a byte cannot be divided");
    const auto rest = part_of(unit->size, fraction);
    if (*whole > (std::numeric_limits<std::uint64_t>::max() - rest) / unit->size) {
        return bad_size(text, "the number is too large");
    }
    return Bytes(*whole * unit->size + rest);
}

}  // namespace rbees
