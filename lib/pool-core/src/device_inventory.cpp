#include "rbees/pool_core/device_inventory.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "rbees/base/numbers.hpp"

namespace rbees::pool {
namespace {

/// What llama.cpp has kernels for; /proc/cpuinfo's own spelling.
constexpr std::array features_that_matter{
    std::string_view("sse3"),        std::string_view("ssse3"),    std::string_view("sse4_2"),
    std::string_view("avx"),         std::string_view("f16c"),     std::string_view("fma"),
    std::string_view("avx2"),        std::string_view("bmi2"),     std::string_view("avx512f"),
    std::string_view("avx512bw"),    std::string_view("avx512vl"), std::string_view("avx512_vnni"),
    std::string_view("avx512_bf16"), std::string_view("avx_vnni"), std::string_view("amx_int8"),
    std::string_view("amx_bf16"),    std::string_view("asimd"),    std::string_view("asimddp"),
    std::string_view("fphp"),        std::string_view("i8mm"),     std::string_view("sve"),
};

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

/// The next piece up to `separator`, which is taken out of `text`.
std::string_view take(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return piece;
}

/// The number in "16384 kB", "250" or "max 100000"; the last has none.
std::optional<std::uint64_t> number(std::string_view text) {
    text = trim(text);
    return parse_whole<std::uint64_t>(take(text, ' '));
}

bool has_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        if (take(words, ' ') == word) return true;
    }
    return false;
}

void note_features(std::string_view words, CpuInfo& info) {
    if (!info.features.empty()) return;
    for (const auto feature : features_that_matter) {
        const auto spelling = feature == "sse3" ? "pni" : feature;  // by its code name, Prescott new instructions
        if (has_word(words, spelling)) info.features.emplace_back(feature);
    }
}

/// A limit in a file that says "max" for none.
std::optional<Bytes> limit(std::string_view text) {
    const auto value = number(text);
    if (!value) return std::nullopt;
    return Bytes(*value);
}

/// Bytes of files that memory.stat says the kernel may drop.
std::uint64_t file_cache(std::string_view stat) {
    std::uint64_t bytes = 0;
    while (!stat.empty()) {
        auto value = take(stat, '\n');
        const auto key = take(value, ' ');
        if (key == "active_file" || key == "inactive_file") bytes += number(value).value_or(0);
    }
    return bytes;
}

}  // namespace

CpuInfo parse_cpuinfo(std::string_view text) {
    CpuInfo info;
    while (!text.empty()) {
        auto value = take(text, '\n');
        const auto key = trim(take(value, ':'));
        value = trim(value);
        if (key == "processor") {
            ++info.threads;
        } else if (key == "model name" && info.name.empty()) {
            info.name = value;
        } else if (key == "flags" || key == "Features") {
            note_features(value, info);
        }
    }
    return info;
}

MemoryInfo parse_meminfo(std::string_view text) {
    MemoryInfo info;
    while (!text.empty()) {
        auto value = take(text, '\n');
        const auto key = take(value, ':');
        if (key != "MemTotal" && key != "MemAvailable") continue;
        const auto kilobytes = std::min(number(value).value_or(0), std::numeric_limits<std::uint64_t>::max() / 1024);
        (key == "MemTotal" ? info.total : info.available) = kibibytes(kilobytes);
    }
    return info;
}

CpuTimes parse_cpu_times(std::string_view text) {
    // user nice system idle iowait irq softirq steal; guest times are part of user.
    constexpr std::size_t columns = 8;
    auto line = take(text, '\n');
    if (take(line, ' ') != "cpu") return {};
    CpuTimes times;
    std::size_t column = 0;
    while (!line.empty() && column < columns) {
        const auto value = number(take(line, ' '));
        if (!value) continue;
        times.total += *value;
        if (column != 3 && column != 4) times.busy += *value;
        ++column;
    }
    return times;
}

double load_between(const CpuTimes& before, const CpuTimes& after) {
    if (after.total <= before.total || after.busy < before.busy) return 0;
    const auto share = static_cast<double>(after.busy - before.busy) / static_cast<double>(after.total - before.total);
    return std::clamp(share, 0.0, 1.0);
}

GroupLimits parse_group_limits(const GroupTexts& texts) {
    GroupLimits limits{.memory_max = limit(texts.memory_max)};
    const auto current = number(texts.memory_current).value_or(0);
    limits.memory_used = Bytes(current - std::min(current, file_cache(texts.memory_stat)));
    std::string_view period = texts.cpu_max;
    const auto quota = number(take(period, ' '));
    const auto each = number(period);
    if (quota && each && *each > 0) limits.processors = static_cast<double>(*quota) / static_cast<double>(*each);
    return limits;
}

std::string parse_group_path(std::string_view proc_self_cgroup) {
    while (!proc_self_cgroup.empty()) {
        const auto line = take(proc_self_cgroup, '\n');
        if (!line.starts_with("0::/") || line.contains("..")) continue;
        return std::string(line.substr(4));
    }
    return {};
}

contracts::Device cpu_device(const CpuInfo& cpu, const MemoryInfo& memory, const GroupLimits& limits, double load) {
    contracts::Device device{.id = "cpu",
                             .kind = contracts::DeviceKind::cpu,
                             .name = cpu.name.empty() ? "CPU" : cpu.name,
                             .features = cpu.features,
                             .cores = std::max(cpu.threads, 1U),
                             .memory_total = memory.total,
                             .memory_free = memory.available,
                             .load = load};
    if (limits.processors) {
        const auto allowed = std::max(1.0, std::ceil(std::min(*limits.processors, 65536.0)));
        device.cores = std::min(device.cores, static_cast<std::uint32_t>(allowed));
    }
    if (limits.memory_max) {
        device.memory_total = std::min(device.memory_total, *limits.memory_max);
        const auto used = std::min(limits.memory_used, *limits.memory_max);
        device.memory_free = std::min(device.memory_free, Bytes(limits.memory_max->value - used.value));
    }
    return device;
}

}  // namespace rbees::pool
