#include <fmt/format.h>
#include <sys/resource.h>

#include <sstream>
#include <system_error>

#include "doctor/checks.hpp"
#include "rbees/base/files.hpp"

namespace rbees::ctl {
namespace {

constexpr std::uint64_t memory_wanted_kb = 1'000'000;  ///< smollm2 with its context, and the daemons
constexpr std::uint64_t open_files_wanted = 1024;

/// The number after "name:" in kB; 0 if it is not there.
std::uint64_t kilobytes(const std::string& meminfo, std::string_view name) {
    std::istringstream lines(meminfo);
    std::string word;
    std::uint64_t value = 0;
    while (lines >> word) {
        if (word == name && lines >> value) return value;
    }
    return 0;
}

bool is_in_path(const Environment& environment, const std::string& program) {
    std::istringstream folders(environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
    std::string folder;
    std::error_code error;
    while (std::getline(folders, folder, ':')) {
        if (std::filesystem::exists(std::filesystem::path(folder) / program, error)) return true;
    }
    return false;
}

Finding judge_program(const Environment& environment, const std::string& program, std::string_view what_for) {
    const auto id = "program." + program;
    if (is_in_path(environment, program)) return {id, Verdict::good, program + " is there", {}};
    return {id, Verdict::doubtful, fmt::format("{} is missing: {}", program, what_for),
            fmt::format("sudo apt-get install {}", program)};
}

}  // namespace

Finding judge_memory(const std::string& meminfo) {
    const auto total = kilobytes(meminfo, "MemTotal:");
    const auto available = kilobytes(meminfo, "MemAvailable:");
    const auto words =
        fmt::format("memory: {} of {} available", describe(kibibytes(available)), describe(kibibytes(total)));
    if (total == 0) return {"memory", Verdict::doubtful, "memory: /proc/meminfo cannot be read", {}};
    if (available >= memory_wanted_kb) return {"memory", Verdict::good, words, {}};
    return {"memory", Verdict::doubtful, words + "; even small models need about 1 GB",
            "close other programs, or unload a model: rbees models unload MODEL"};
}

Finding judge_processor(const std::string& cpuinfo) {
    for (const std::string_view features : {" avx512f ", " avx2 ", " asimd "}) {
        const auto name = features.substr(1, features.size() - 2);
        if (cpuinfo.find(features) != std::string::npos) {
            return {"processor", Verdict::good, fmt::format("processor: has {}", name), {}};
        }
    }
    return {"processor", Verdict::doubtful, "processor: neither AVX2 nor NEON, so models run slowly", {}};
}

Finding judge_open_files(std::uint64_t limit) {
    const auto words = fmt::format("open files: {} allowed", limit);
    if (limit >= open_files_wanted) return {"open_files", Verdict::good, words, {}};
    return {"open_files", Verdict::doubtful, words + ", which bounds the connections", "ulimit -n 4096"};
}

void check_machine(const Environment& environment, Findings& findings) {
    findings.push_back(judge_memory(read_file("/proc/meminfo").value_or("")));
    auto cpuinfo = read_file("/proc/cpuinfo").value_or("");
    for (auto& letter : cpuinfo) {
        if (letter == '\n' || letter == '\t') letter = ' ';
    }
    findings.push_back(judge_processor(cpuinfo));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    findings.push_back(judge_open_files(limit.rlim_cur));
    findings.push_back(judge_program(environment, "curl", "models cannot be downloaded"));
    findings.push_back(judge_program(environment, "python3", "models that come as packages cannot be converted"));
}

}  // namespace rbees::ctl
