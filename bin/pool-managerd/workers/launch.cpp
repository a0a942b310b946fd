#include "workers/launch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "rbees/base/crash_point.hpp"
#include "rbees/base/files.hpp"
#include "rbees/process/spawn.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

constexpr int secret_target = 3;

constexpr auto all_layers = "-2";  // of --gpu-layers: what does not fit is refused, not put aside in slow memory
constexpr auto no_layers = "0";

/// "cuda:1" -> "1"; nothing for the CPU.
std::optional<std::string> gpu_index(const std::string& device) {
    constexpr std::string_view cuda = "cuda:";
    if (!device.starts_with(cuda)) return std::nullopt;
    return device.substr(cuda.size());
}

/// A worker sees its own GPU only, and one of the CPU none: CUDA would take memory on every GPU that it sees. CUDA
/// counts the fastest first unless it is told to count as NVML does.
std::map<std::string, std::optional<std::string>> environment_of(const LaunchOrder& order) {
    return {{"HF_TOKEN", std::nullopt},
            {"RBEES_TOKEN", std::nullopt},
            {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"},
            {"CUDA_VISIBLE_DEVICES", gpu_index(order.record.device).value_or("")}};
}

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count()) + "ms";
}

std::vector<std::string> arguments_of(const LaunchOrder& order) {
    const auto& record = order.record;
    std::vector<std::string> arguments{"--worker-id",    record.worker_id.str(),
                                       "--model",        record.model.str(),
                                       "--model-path",   order.model_path,
                                       "--port",         std::to_string(record.port),
                                       "--callback-url", order.callback_url,
                                       "--slots",        std::to_string(order.slots),
                                       "--secret-fd",    std::to_string(secret_target),
                                       "--lease",        milliseconds(order.lease),
                                       "--log-level",    std::string(name_of(order.log_level)),
                                       "--log-size",     std::to_string(order.log_limits.size.value),
                                       "--log-keep",     std::to_string(order.log_limits.keep)};
    const auto add = [&](const char* flag, const std::string& value) {
        arguments.insert(arguments.end(), {flag, value});
    };
    if (!record.model_hash.empty()) add("--model-hash", record.model_hash);
    if (order.chat_template) add("--chat-template", order.chat_template->native());
    if (order.context) add("--context", std::to_string(*order.context));
    if (order.threads) add("--threads", std::to_string(*order.threads));
    add("--gpu-layers", gpu_index(record.device) ? all_layers : no_layers);
    return arguments;
}

process::SpawnPlan plan_of(const LaunchOrder& order, int secret_fd) {
    return {.program = order.program,
            .arguments = arguments_of(order),
            .environment = environment_of(order),
            .log_file = order.log_file,
            .files = {{secret_fd, secret_target}},
            .working_folder = {},
            .session = process::Session::own};
}

}  // namespace

Result<Launched> launch(LaunchOrder order, const WorkerRecords& records) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_with_errno("cannot make a pipe for the worker's secret");
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    auto process = process::spawn(plan_of(order, read_end.get()));
    if (!process) return std::unexpected(process.error());
    read_end.reset();
    crash_point(CrashPoint::spawned_not_recorded);
    auto record = std::move(order.record);
    record.pid = process->identity().pid;
    record.start_time = process->identity().start_time;
    record.boot_id = process->identity().boot_id;
    auto written = records.write(record);
    crash_point(CrashPoint::recorded_not_trusted);
    if (written && ::write(write_end.get(), record.secret.data(), record.secret.size()) < 0) {
        written = fail_with_errno("cannot hand the secret to the worker");
    }
    crash_point(CrashPoint::trusted_not_told);
    if (written) return Launched{std::move(*process), std::move(record)};
    static_cast<void>(process->kill());
    static_cast<void>(process->wait_for(std::chrono::seconds(1)));
    records.remove(record.worker_id);
    return std::unexpected(written.error());
}

bool is_port_free(std::uint16_t port) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return socket.valid() && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
           ::listen(socket.get(), 1) == 0;
}

}  // namespace rbees::poold
