#pragma once
/// @file
/// What this process may use of the machine: cores that nobody else keeps busy, and memory. Linux only.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::engine {

/// Processor time, summed up since boot.
struct CpuSample {
    double busy_seconds = 0;  ///< of all processes, on the cores that this one may use
    double own_seconds = 0;   ///< of this process
    Instant taken{};
};

/// Adds up the `cpuN` lines of /proc/stat whose core is in the process's affinity mask.
[[nodiscard]] CpuSample sample_cpu();

/// Cores that this process may use: its affinity, bounded by the control group's quota.
[[nodiscard]] double allowed_cores();

/// Cores that others left free between two samples: the allowed ones less what other processes used.
[[nodiscard]] double free_cores(const CpuSample& before, const CpuSample& after, double allowed);

/// The free cores since `before`; waits first if less than `window` has passed.
[[nodiscard]] double measure_free_cores(const CpuSample& before, Duration window);

/// What can be allocated without swapping: MemAvailable, bounded by the control group's limit.
[[nodiscard]] Bytes available_memory();

/// "cpu.max" of cgroup v2 ("200000 100000", "max 100000") as cores; nothing when unlimited or unreadable.
[[nodiscard]] std::optional<double> parse_cpu_quota(std::string_view text);

/// The number after `name` in a text of "name value" lines.
[[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view text, std::string_view name);

}  // namespace rbees::engine
