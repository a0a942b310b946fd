#include "machine.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>

#include "rbees/base/numbers.hpp"

namespace rbees::engine {
namespace {

/// /proc and /sys tell no size, so they are read line by line.
std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

/// The number before the blank or the line end: "16384 kB", "250\n"; nothing for "max".
std::optional<std::uint64_t> parse_number(std::string_view text) {
    return parse_whole<std::uint64_t>(text.substr(0, text.find_first_of(" \n")));
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// This process's folder in the unified hierarchy ("0::/path").
std::filesystem::path control_group() {
    std::istringstream lines(read_text("/proc/self/cgroup"));
    std::string line;
    while (std::getline(lines, line)) {
        if (line.starts_with("0::/")) return std::filesystem::path("/sys/fs/cgroup") / line.substr(4);
    }
    return "/sys/fs/cgroup";
}

/// Calls `look` with each folder from the process's own up to the root: limits hold at every level.
template <class Look>
void for_each_group(Look look) {
    const std::filesystem::path root = "/sys/fs/cgroup";
    auto folder = control_group();
    while (folder.string().size() >= root.string().size()) {
        look(folder);
        if (folder == root || folder == folder.parent_path()) return;
        folder = folder.parent_path();
    }
}

}  // namespace

CpuSample sample_cpu() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    sched_getaffinity(0, sizeof mask, &mask);
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    CpuSample sample{.own_seconds = own_cpu_seconds(), .taken = BootClock::now()};
    std::istringstream lines(read_text("/proc/stat"));
    std::string line;
    while (std::getline(lines, line)) {
        if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
        std::istringstream fields(line.substr(3));
        std::size_t core = 0;
        double user = 0, nice = 0, system = 0, idle = 0, io_wait = 0, irq = 0, soft_irq = 0, steal = 0;
        fields >> core >> user >> nice >> system >> idle >> io_wait >> irq >> soft_irq >> steal;
        if (core < CPU_SETSIZE && CPU_ISSET(core, &mask)) {
            sample.busy_seconds += (user + nice + system + irq + soft_irq + steal) / ticks;
        }
    }
    return sample;
}

double allowed_cores() {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    double cores = 1;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
    for_each_group([&](const std::filesystem::path& folder) {
        if (const auto quota = parse_cpu_quota(read_text(folder / "cpu.max"))) cores = std::min(cores, *quota);
    });
    return cores;
}

double free_cores(const CpuSample& before, const CpuSample& after, double allowed) {
    const double window = std::chrono::duration<double>(after.taken - before.taken).count();
    if (window <= 0) return allowed;
    const double own = after.own_seconds - before.own_seconds;
    const double others = std::max(0.0, after.busy_seconds - before.busy_seconds - own) / window;
    return std::clamp(allowed - others, 0.0, allowed);
}

double measure_free_cores(const CpuSample& before, Duration window) {
    std::mutex mutex;
    std::condition_variable nobody_notifies;
    std::unique_lock lock(mutex);
    const auto missing = window - (BootClock::now() - before.taken);
    nobody_notifies.wait_for(lock, missing, [] { return false; });
    return free_cores(before, sample_cpu(), allowed_cores());
}

Bytes available_memory() {
    const auto meminfo = read_text("/proc/meminfo");
    auto available = find_number(meminfo, "MemAvailable:").value_or(0) * 1024;
    for_each_group([&](const std::filesystem::path& folder) {
        const auto limit = parse_number(read_text(folder / "memory.max"));
        if (!limit) return;
        const auto used = parse_number(read_text(folder / "memory.current")).value_or(0);
        const auto reclaimable = find_number(read_text(folder / "memory.stat"), "inactive_file").value_or(0);
        const auto taken = used - std::min(used, reclaimable);
        available = std::min(available, *limit - std::min(*limit, taken));
    });
    return Bytes(available);
}

std::optional<double> parse_cpu_quota(std::string_view text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto quota = parse_number(text.substr(0, space));
    const auto period = parse_number(text.substr(space + 1));
    if (!quota || !period || *period == 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<std::uint64_t> find_number(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.starts_with(name)) continue;
        line.remove_prefix(name.size());
        const auto digits = line.find_first_of("0123456789");
        if (digits != std::string_view::npos) return parse_number(line.substr(digits));
    }
    return std::nullopt;
}

}  // namespace rbees::engine
