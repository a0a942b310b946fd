#include "house/processes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/class.hpp>
#include <system_error>

#include "rbees/base/files.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::ctl {

/// What process files and worker records have in common.
struct RecordSeen {
    std::int32_t pid = 0;
    std::uint64_t start_time = 0;
    std::string boot_id;
    std::optional<std::string> url;
    std::optional<std::uint16_t> port;
};
BOOST_DESCRIBE_STRUCT(RecordSeen, (), (pid, start_time, boot_id, url, port))

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> worker_records(const Home& home) {
    std::vector<fs::path> records;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(home.workers(), error)) {
        if (entry.path().extension() == ".json") records.push_back(entry.path());
    }
    std::ranges::sort(records);
    return records;
}

}  // namespace

fs::path down_file(const Home& home, const std::string& name) {
    return home.state / (name + ".down");
}

std::optional<std::string> read_down_note(const Home& home, const std::string& name) {
    auto line = read_first_line(down_file(home, name));
    if (!line) return std::nullopt;
    return std::move(*line);
}

std::optional<process::Process> open(const HouseProcess& process) {
    auto opened = process::open_if_same(process.identity);
    if (!opened) return std::nullopt;
    return std::move(*opened);
}

std::optional<HouseProcess> read_process(const fs::path& file, const std::string& name) {
    const auto text = read_file(file);
    if (!text) return std::nullopt;
    const auto record = reflect::from_json_text<RecordSeen>(*text);
    if (!record || record->pid <= 0) return std::nullopt;
    HouseProcess process{.name = name,
                         .identity = {record->pid, record->start_time, record->boot_id},
                         .url = record->url,
                         .state = ProcessState::dead,
                         .file = file};
    if (!process.url && record->port) process.url = fmt::format("http://127.0.0.1:{}", *record->port);
    if (open(process)) process.state = ProcessState::running;
    return process;
}

std::vector<HouseProcess> find_processes(const Home& home) {
    std::vector<HouseProcess> found;
    const auto add = [&](const fs::path& file, const char* name) {
        if (auto process = read_process(file, name)) found.push_back(std::move(*process));
    };
    add(home.supervisor_process(), supervisor_name);
    add(home.orcd_process(), orcd_name);
    add(home.pool_process(), pool_name);
    for (const auto& record : worker_records(home)) {
        add(record, worker_name);
    }
    return found;
}

bool is_running(const std::optional<HouseProcess>& process) {
    return process && process->state == ProcessState::running;
}

}  // namespace rbees::ctl
