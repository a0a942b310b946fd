#include "workers/orphans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>

#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/pool_core/port_choice.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view listening = "0A";
constexpr std::string_view worker_program = "rbees-workerd";

std::string_view word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto end = std::min(text.find(' '), text.size());
    const auto piece = text.substr(0, end);
    text.remove_prefix(end);
    return piece;
}

/// "0100007F:1F41" -> 8001, if the address is loopback or any.
std::optional<std::uint16_t> local_port(std::string_view address) {
    const auto colon = address.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto host = address.substr(0, colon);
    if (!host.ends_with("7F") && host != "00000000") return std::nullopt;
    return parse_hex<std::uint16_t>(address.substr(colon + 1));
}

/// A process of our program and the port that its command line names.
struct WorkerProcess {
    std::int32_t pid = 0;
    fs::path log_folder;  ///< of its output; empty if that is no file
};

std::optional<std::uint16_t> port_of(std::string_view command_line) {
    constexpr std::string_view flag("--port\0", 7);
    const auto at = command_line.find(flag);
    if (at == std::string_view::npos) return std::nullopt;
    const auto rest = command_line.substr(at + flag.size());
    return parse_whole<std::uint16_t>(rest.substr(0, rest.find('\0')));
}

/// The worker processes that this user may see, by port.
std::map<std::uint16_t, WorkerProcess> worker_processes() {
    std::map<std::uint16_t, WorkerProcess> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto pid = parse_whole<std::int32_t>(entry.path().filename().native());
        if (!pid) continue;
        if (fs::read_symlink(entry.path() / "exe", error).filename().native().find(worker_program) != 0) continue;
        const auto port = port_of(read_file(entry.path() / "cmdline").value_or(""));
        if (!port) continue;
        const auto output = fs::read_symlink(entry.path() / "fd/1", error);
        found[*port] = {*pid, output.filename().native().starts_with("worker-") ? output.parent_path() : fs::path()};
    }
    return found;
}

/// A worker opens nothing without its secret; nobody else refuses `GET /health` like that.
net::Task<bool> refuses_like_a_worker(net::Client& client, std::uint16_t port) {
    net::ClientRequest request;
    request.url = {"http", "127.0.0.1", port, "/health"};
    request.timeouts = {limits::worker_answer, limits::worker_answer, limits::worker_answer};
    request.answer_limit = kibibytes(64);
    const auto answer = co_await client.send(std::move(request));
    if (!answer || answer->status != 401) co_return false;
    const auto body = reflect::from_json_text<contracts::ProblemBody>(answer->body);
    co_return body && body->code == contracts::ErrorCode::UNAUTHORIZED;
}

}  // namespace

std::set<std::uint16_t> listening_worker_ports(std::string_view proc_net_tcp) {
    std::set<std::uint16_t> ports;
    while (!proc_net_tcp.empty()) {
        const auto end = std::min(proc_net_tcp.find('\n'), proc_net_tcp.size());
        auto line = proc_net_tcp.substr(0, end);
        proc_net_tcp.remove_prefix(std::min(end + 1, proc_net_tcp.size()));
        word(line);  // the number of the line
        const auto port = local_port(word(line));
        word(line);  // the other side
        if (word(line) != listening || !port) continue;
        if (*port >= pool::worker_port_first && *port <= pool::worker_port_last) ports.insert(*port);
    }
    return ports;
}

net::Task<std::vector<contracts::WorkerReport>> find_orphans(net::Client& client, std::set<std::uint16_t> ours,
                                                             fs::path logs) {
    const auto processes = worker_processes();
    std::error_code error;
    const auto our_logs = fs::weakly_canonical(logs, error);
    std::vector<contracts::WorkerReport> orphans;
    for (const auto port : listening_worker_ports(read_file("/proc/net/tcp").value_or(""))) {
        const auto process = processes.find(port);
        const bool is_of_other_home =
            process != processes.end() && !process->second.log_folder.empty() && process->second.log_folder != our_logs;
        if (ours.contains(port) || is_of_other_home) continue;
        const auto is_worker = co_await refuses_like_a_worker(client, port);
        if (!is_worker) continue;
        contracts::WorkerReport orphan{
            .worker_id = WorkerId(fmt::format("{}{}", orphan_prefix, port)),
            .model = ModelId("unknown"),
            .state = contracts::WorkerState::failed,
            .reason = fmt::format("a worker that is not of this node listens on port {}", port),
            .orphan = true};
        if (process != processes.end()) orphan.pid = process->second.pid;
        orphans.push_back(std::move(orphan));
    }
    co_return orphans;
}

}  // namespace rbees::poold
