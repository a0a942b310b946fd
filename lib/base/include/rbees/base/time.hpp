#pragma once
/// @file
/// The two clocks, kept apart by type.
///
/// `Instant` measures: deadlines, leases, back-off. It counts on while the machine sleeps (CLOCK_BOOTTIME), and it
/// means nothing in another process or after a restart, so it is never written to disk. `WallTime` tells: what people
/// read and what records hold. It may jump, so nothing is ever timed with it.

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"

namespace rbees {

using Duration = std::chrono::nanoseconds;

/// A clock that counts on in suspend. Satisfies the standard's Clock requirements, so it can drive timers.
struct BootClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;

    /// Reads CLOCK_BOOTTIME. Only shells call this; cores get the time with each call.
    static time_point now() noexcept;
};

using Instant = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// The wall clock, in milliseconds since 1970.
[[nodiscard]] WallTime wall_now() noexcept;

/// "2026-11-21T11:23:38.120Z": RFC 3339, always UTC, always milliseconds.
[[nodiscard]] std::string to_rfc3339(WallTime time);

/// Reads RFC 3339 with `Z` or a numeric offset, with or without a fraction. Fails with what is wrong with the text.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

/// Reads "250ms", "30s", "5m", "24h", "7d"; a bare number is refused, because its unit would be a guess.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// "340 ms", "12 s", "3 min", "2 h": for people, two significant steps at most.
[[nodiscard]] std::string describe(Duration duration);

}  // namespace rbees
