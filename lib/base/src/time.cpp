#include "rbees/base/time.hpp"

#include <fmt/format.h>

#include <ctime>
#include <optional>

#include "rbees/base/assert.hpp"
#include "text_reader.hpp"

namespace rbees {
namespace {

using std::chrono::milliseconds;

/// What four digits can say of a year.
constexpr WallTime first_time = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr WallTime end_time = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);

std::optional<std::chrono::sys_days> take_date(TextReader& reader) {
    const auto year = reader.take_number(4);
    if (!year || !reader.take_any("-")) return std::nullopt;
    const auto month = reader.take_number(2);
    if (!month || !reader.take_any("-")) return std::nullopt;
    const auto day = reader.take_number(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

/// Digits after the point, cut to milliseconds.
std::optional<milliseconds> take_fraction(TextReader& reader) {
    if (!reader.take_any(".")) return milliseconds(0);
    const auto digits = reader.take_digits();
    if (digits.empty()) return std::nullopt;
    const auto padded = fmt::format("{:0<3}", digits.substr(0, 3));
    return milliseconds(*TextReader(padded).take_number(3));
}

std::optional<milliseconds> take_time_of_day(TextReader& reader) {
    const auto hour = reader.take_number(2);
    if (!hour || *hour > 23 || !reader.take_any(":")) return std::nullopt;
    const auto minute = reader.take_number(2);
    if (!minute || *minute > 59 || !reader.take_any(":")) return std::nullopt;
    const auto second = reader.take_number(2);
    if (!second || *second > 60) return std::nullopt;  // 60 is a leap second; it becomes the next one
    const auto fraction = take_fraction(reader);
    if (!fraction) return std::nullopt;
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *fraction;
}

std::optional<std::chrono::minutes> take_offset(TextReader& reader) {
    if (reader.take_any("Zz")) return std::chrono::minutes(0);
    const auto sign = reader.take_any("+-");
    if (!sign) return std::nullopt;
    const auto hours = reader.take_number(2);
    if (!hours || *hours > 23 || !reader.take_any(":")) return std::nullopt;
    const auto minutes = reader.take_number(2);
    if (!minutes || *minutes > 59) return std::nullopt;
    const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return *sign == '-' ? -offset : offset;
}

std::unexpected<Failure> bad_time(std::string_view text, std::string_view what) {
    return fail(fmt::format("'{}' is not a time: {}", text, what), "write it like 2026-11-21T11:23:38Z (RFC 3339)");
}

}  // namespace

BootClock::time_point BootClock::now() noexcept {
    timespec time{};
    RBEES_ASSERT(::clock_gettime(CLOCK_BOOTTIME, &time) == 0);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

WallTime wall_now() noexcept {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
    TextReader reader(text);
    const auto date = take_date(reader);
    if (!date) return bad_time(text, "no valid date at the start");
    if (!reader.take_any("Tt ")) return bad_time(text, "no T between date and time");
    const auto time_of_day = take_time_of_day(reader);
    if (!time_of_day) return bad_time(text, "no valid time of day after the date");
    const auto offset = take_offset(reader);
    if (!offset) return bad_time(text, "no Z or numeric offset at the end");
    if (!reader.at_end()) return bad_time(text, "something stands after the offset");
    const auto time = WallTime(*date) + *time_of_day - *offset;
    if (time < first_time || time >= end_time) return bad_time(text, "in UTC it lies outside the years 0000 to 9999");
    return time;
}

}  // namespace rbees
