#include "workers/worker_logs.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <ranges>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "rbees/base/utf8.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

constexpr std::streamoff last_bytes = 4096;
constexpr std::size_t last_words_max = 300;

/// The log of one worker and those set aside before it.
struct WorkerLogs {
    fs::file_time_type written = fs::file_time_type::min();  ///< last
    std::vector<fs::path> files;
};

/// "w-1" of "worker-w-1.log" and of "worker-w-1.log.2"; nothing for other files.
std::optional<std::string> worker_of_log(std::string_view file) {
    constexpr std::string_view before = "worker-";
    constexpr std::string_view after = ".log";
    const auto number = file.find_last_not_of("0123456789");
    if (number != std::string_view::npos && file[number] == '.') file = file.substr(0, number);
    if (!file.starts_with(before) || !file.ends_with(after)) return std::nullopt;
    return std::string(file.substr(before.size(), file.size() - before.size() - after.size()));
}

}  // namespace

std::string last_words(const fs::path& log_file) {
    std::ifstream log(log_file, std::ios::binary | std::ios::ate);
    if (!log) return {};
    const std::streamoff size = log.tellg();
    log.seekg(std::max<std::streamoff>(0, size - last_bytes));
    std::string line;
    std::string last;
    while (std::getline(log, line)) {
        if (!line.empty()) last = line;
    }
    return shortened(std::move(last), last_words_max);
}

void prune_logs(const fs::path& folder, std::size_t keep, const std::set<WorkerId>& running) {
    std::map<std::string, WorkerLogs> workers;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto worker = worker_of_log(entry.path().filename().native());
        if (!worker || running.contains(WorkerId(*worker))) continue;
        auto& logs = workers[*worker];
        logs.files.push_back(entry.path());
        logs.written = std::max(logs.written, entry.last_write_time(error));
    }
    std::vector<WorkerLogs> by_age;
    std::ranges::move(workers | std::views::values, std::back_inserter(by_age));
    std::ranges::sort(by_age, std::ranges::greater(), &WorkerLogs::written);
    for (const auto& logs : by_age | std::views::drop(keep)) {
        for (const auto& file : logs.files) {
            fs::remove(file, error);
        }
    }
}

}  // namespace rbees::poold
