#include "leftovers.hpp"

#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "rbees/base/files.hpp"

namespace rbees::bdd {
namespace {

/// A file of /proc. Empty when the process has gone, even between the opening and the reading.
std::string read_whole(const std::filesystem::path& path) {
    return read_file(path).value_or("");
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// The name as `rbees status` gives it: the supervisor is rbees-orcd with an argument.
std::string name_of(const std::string& command_line) {
    using std::string_literals::operator""s;
    if (command_line.contains("\0--supervise\0"s)) return "rbees-supervisor";
    const std::filesystem::path program(command_line.substr(0, command_line.find('\0')));
    return program.filename().string();
}

}  // namespace

std::vector<RunningProcess> find_processes(const std::string& mark) {
    std::vector<RunningProcess> found;
    std::error_code ignored;  // a process may end while we look
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const auto number = entry.path().filename().string();
        if (!is_number(number) || number == std::to_string(getpid())) continue;
        const auto command_line = read_whole(entry.path() / "cmdline");
        if (command_line.empty()) continue;  // a zombie, or a thread of the kernel
        if (!command_line.contains(mark) && !read_whole(entry.path() / "environ").contains(mark)) continue;
        found.push_back({static_cast<pid_t>(std::stol(number)), name_of(command_line)});
    }
    std::ranges::sort(found, {}, &RunningProcess::pid);
    return found;
}

std::string describe(const std::vector<RunningProcess>& processes) {
    std::string text;
    for (const auto& process : processes) {
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", process.name, process.pid);
    }
    return text;
}

}  // namespace rbees::bdd
