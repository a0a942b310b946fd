#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "rbees/base/time.hpp"
#include "text_reader.hpp"

namespace rbees {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

struct Unit {
    std::string_view written;  ///< in configuration
    std::string_view spoken;   ///< for people
    Duration length;
};

constexpr std::array units{
    Unit{"d", "d", std::chrono::days(1)},           Unit{"h", "h", std::chrono::hours(1)},
    Unit{"m", "min", std::chrono::minutes(1)},      Unit{"s", "s", std::chrono::seconds(1)},
    Unit{"ms", "ms", std::chrono::milliseconds(1)},
};

std::unexpected<Failure> bad_duration(std::string_view text, std::string_view what) {
    return fail(fmt::format("'{}' is not a duration: {}", text, what),
                "write a whole number and its unit: 250ms, 30s, 5m, 24h or 7d");
}

std::string describe_positive(Duration duration) {
    if (duration < 1ms) return duration == Duration(0) ? "0 ms" : "less than 1 ms";
    if (1s <= duration && duration < 10s && duration % 1s >= 100ms) {
        return fmt::format("{}.{} s", duration / 1s, duration % 1s / 100ms);
    }
    const auto unit = std::ranges::find_if(units, [&](const Unit& each) { return each.length <= duration; });
    const auto count = duration / unit->length;
    const auto next = std::next(unit);
    const bool is_fine_enough = duration < 60s || next == units.end();
    const auto rest = is_fine_enough ? 0 : duration % unit->length / next->length;
    if (rest == 0) return fmt::format("{} {}", count, unit->spoken);
    return fmt::format("{} {} {} {}", count, unit->spoken, rest, next->spoken);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    TextReader reader(text);
    if (reader.rest().substr(0, 1).find_first_of("0123456789") != 0) {
        return bad_duration(text, "it does not start with a whole number");
    }
    const auto count = reader.take_unsigned();
    if (!count) return bad_duration(text, "the number is too large");
    if (reader.at_end()) return bad_duration(text, "the unit is missing");
    const auto unit = std::ranges::find(units, reader.rest(), &Unit::written);
    if (unit == units.end()) return bad_duration(text, fmt::format("'{}' is not a unit", reader.rest()));
    if (std::cmp_greater(*count, Duration::max() / unit->length)) return bad_duration(text, "the number is too large");
    return unit->length * static_cast<Duration::rep>(*count);
}

std::string describe(Duration duration) {
    if (duration >= Duration(0)) return describe_positive(duration);
    return "-" + describe_positive(duration == Duration::min() ? Duration::max() : -duration);
}

}  // namespace rbees
