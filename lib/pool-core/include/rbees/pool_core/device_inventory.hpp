#pragma once
/// @file
/// What can run a model here, read from the texts of /proc and of the control group. Pure: the texts come in.
///
/// Each reader takes what it understands and leaves the rest: these files differ between kernels and machines, and a
/// missing line must not keep a node from working.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/units.hpp"
#include "rbees/contracts/nodes.hpp"

namespace rbees::pool {

struct CpuInfo {
    std::string name;
    std::uint32_t threads = 0;          ///< logical processors
    std::vector<std::string> features;  ///< instruction sets that matter for models, in a fixed order

    bool operator==(const CpuInfo&) const = default;
};

/// /proc/cpuinfo of x86-64 or AArch64.
[[nodiscard]] CpuInfo parse_cpuinfo(std::string_view text);

struct MemoryInfo {
    Bytes total;
    Bytes available;  ///< what a new process may use without swapping

    bool operator==(const MemoryInfo&) const = default;
};

/// /proc/meminfo.
[[nodiscard]] MemoryInfo parse_meminfo(std::string_view text);

/// Time that all processors spent since boot, in ticks.
struct CpuTimes {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;

    bool operator==(const CpuTimes&) const = default;
};

/// The first line of /proc/stat.
[[nodiscard]] CpuTimes parse_cpu_times(std::string_view text);

/// The share of busy processors between two readings, 0 to 1; 0 if no time passed.
[[nodiscard]] double load_between(const CpuTimes& before, const CpuTimes& after);

/// The texts of a control group's files (cgroup v2); each may be empty (no such file) or "max" (no limit).
struct GroupTexts {
    std::string memory_max;
    std::string memory_current;
    std::string memory_stat;
    std::string cpu_max;
};

/// The control group's limits, where there are any.
struct GroupLimits {
    std::optional<Bytes> memory_max;
    Bytes memory_used;  ///< without the file cache, which gives way
    std::optional<double> processors;

    bool operator==(const GroupLimits&) const = default;
};

[[nodiscard]] GroupLimits parse_group_limits(const GroupTexts& texts);

/// The folder of this process under /sys/fs/cgroup from /proc/self/cgroup; empty for the root or without cgroup v2.
[[nodiscard]] std::string parse_group_path(std::string_view proc_self_cgroup);

/// The device "cpu": the machine's figures, cut to what the control group allows.
[[nodiscard]] contracts::Device cpu_device(const CpuInfo& cpu, const MemoryInfo& memory, const GroupLimits& limits,
                                           double load);

}  // namespace rbees::pool
