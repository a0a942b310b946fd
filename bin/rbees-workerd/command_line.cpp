#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <string_view>
#include <utility>

#include "rbees/contracts/options.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::workerd {
namespace {

/// What a pool manager hands on with --lease.
constexpr std::string_view lease_option = "tasks.lease";

constexpr std::string_view devices_flag = "--devices";

/// The options as they stand on the command line.
struct Raw {
    std::string worker;
    std::string model;
    std::string model_path;
    std::string model_hash;
    std::string chat_template;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string callback_url;
    std::optional<int> secret_fd;
    std::optional<std::uint32_t> slots;
    std::optional<std::uint64_t> context;
    std::optional<std::uint32_t> threads;
    std::optional<std::uint32_t> batch;
    int gpu_layers = -1;
    bool devices = false;
    std::string log_level{name_of(Settings{}.log_level)};
    std::string log_size;
    std::string lease;
    std::uint32_t log_keep = daemon::LogLimits{}.keep;
};

void add_options(CLI::App& app, Raw& raw) {
    app.add_option("--worker-id", raw.worker, "Name of this worker")->required()->type_name("ID");
    app.add_option("--model", raw.model, "Public name of the model")->required()->type_name("NAME");
    app.add_option("--model-path", raw.model_path,
                   "GGUF file, or sim:NAME?slots=4&prefill=1000&decode=50 for the simulated engine")
        ->required()
        ->type_name("PATH|sim:REF");
    app.add_option("--model-hash", raw.model_hash, "SHA-256 of the file, if known; else it is read")->type_name("HEX");
    app.add_option("--chat-template", raw.chat_template, "File with a Jinja chat template instead of the model's own")
        ->type_name("FILE");
    app.add_option("--port", raw.port, "Port to listen on; 0 takes a free one")->required()->type_name("N");
    app.add_option("--host", raw.host, "Loopback address to listen on; default 127.0.0.1")->type_name("ADDRESS");
    app.add_option("--callback-url", raw.callback_url, "Where the pool manager wants progress and readiness reported")
        ->type_name("URL");
    app.add_option("--secret-fd", raw.secret_fd,
                   "Inherited descriptor to read the spawn secret from; without it the file that "
                   "RBEES_WORKER_SECRET_FILE names, else a new secret in a file that stderr names")
        ->type_name("N")
        ->check(CLI::Range(0, 1 << 20));
    app.add_option("--slots", raw.slots, "Requests that run at the same time; default 4")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_option("--context", raw.context,
                   "Tokens for each request; default the model's own up to 8192, less if memory is short")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--threads", raw.threads, "Threads of the engine; default measured at load")
        ->type_name("N")
        ->check(CLI::Range(1, 1024));
    app.add_option("--batch", raw.batch, "Prompt tokens of a step; default so that a step stays under 250 ms")
        ->type_name("N")
        ->check(CLI::Range(32, 65536));
    app.add_option("--gpu-layers", raw.gpu_layers,
                   "Layers on a GPU; -1 as many as fit, -2 all or the load fails, 0 none; default -1")
        ->type_name("N")
        ->check(CLI::Range(-2, 100'000));
    app.add_option("--lease", raw.lease,
                   fmt::format("How long a task goes on of which nobody wants to hear; at least {}, default {}",
                               describe(contracts::least_duration(lease_option)),
                               describe(contracts::default_duration(lease_option))))
        ->type_name("TIME");
    app.add_flag(std::string(devices_flag), raw.devices,
                 "Alone: say as JSON what this program can compute on here, and exit");
    app.add_option("--log-level", raw.log_level, "debug, info, warning or error; default info")->type_name("LEVEL");
    app.add_option("--log-size", raw.log_size,
                   "Size at which the file that stderr is appended to is set aside; default 10MiB")
        ->type_name("SIZE");
    app.add_option("--log-keep", raw.log_keep, "Files set aside that stay; default 3")
        ->type_name("N")
        ->check(CLI::Range(0, 100));
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

engine::LoadPlan plan_of(const Raw& raw) {
    engine::LoadPlan plan;
    plan.model_path = raw.model_path;
    plan.model_name = raw.model;
    plan.slots = raw.slots.value_or(plan.slots);
    if (raw.context) plan.context = Tokens(*raw.context);
    plan.threads = raw.threads;
    plan.batch = raw.batch;
    plan.gpu_layers = raw.gpu_layers;
    plan.chat_template = raw.chat_template;
    if (!raw.model_hash.empty()) plan.model_hash = raw.model_hash;
    return plan;
}

/// What is wrong with the options themselves; empty if nothing is.
std::string fault_of(const Raw& raw) {
    if (raw.devices) return "--devices goes with no other option";
    if (!is_valid_id(raw.worker)) return "--worker-id must be 1 to 128 of letters, digits and ._:-";
    if (raw.model.empty()) return "--model must not be empty";
    if (raw.model_path.empty()) return "--model-path must not be empty";
    if (!raw.model_hash.empty() && !is_sha256(raw.model_hash)) {
        return "--model-hash must be 64 lower-case hexadecimal characters";
    }
    if (!raw.chat_template.empty() && raw.model_path.starts_with("sim:")) {
        return "--chat-template needs a GGUF file: a simulated model has no chat template";
    }
    if (!net::is_loopback(raw.host)) {
        return fmt::format(
            "--host {} is not a loopback address: a worker speaks plain HTTP, so its secret and the prompts would be "
            "readable on the network",
            raw.host);
    }
    return {};
}

/// Where to report; nothing if nobody asked for it. Fails if it is no address of this machine.
std::expected<std::optional<net::Url>, std::string> callback_of(const Raw& raw) {
    if (raw.callback_url.empty()) return std::nullopt;
    auto url = net::parse_url(raw.callback_url);
    if (url && url->scheme == "http" && net::is_loopback(url->host)) return url;
    return std::unexpected(fmt::format("--callback-url {} is not an http:// address on loopback", raw.callback_url));
}

std::expected<Settings, EarlyExit> check(const daemon::CommandLine& line, const Raw& raw) {
    if (const auto fault = fault_of(raw); !fault.empty()) return line.usage(fault);
    auto callback = callback_of(raw);
    if (!callback) return line.usage(callback.error());
    const auto level = parse_log_level(raw.log_level);
    if (!level) return line.usage("--log-level: " + describe(level.error()));
    const auto size = raw.log_size.empty() ? daemon::LogLimits{}.size : parse_bytes(raw.log_size);
    if (!size) return line.usage("--log-size: " + describe(size.error()));
    const auto lease = raw.lease.empty() ? contracts::default_duration(lease_option) : parse_duration(raw.lease);
    if (!lease) return line.usage("--lease: " + describe(lease.error()));
    const auto least = contracts::least_duration(lease_option);
    if (*lease < least) return line.usage(fmt::format("--lease: at least {} is needed", describe(least)));
    return Settings{.worker = WorkerId(raw.worker),
                    .plan = plan_of(raw),
                    .host = raw.host,
                    .port = raw.port,
                    .callback = std::move(*callback),
                    .secret_fd = raw.secret_fd,
                    .log_level = *level,
                    .log_limits = {.size = *size, .keep = raw.log_keep},
                    .lease = *lease};
}

}  // namespace

bool asks_for_devices(int argc, const char* const* argv) {
    return argc == 2 && argv[1] == devices_flag;
}

std::expected<Settings, EarlyExit> parse_command_line(int argc, const char* const* argv) {
    daemon::CommandLine line(
        {"rbees-workerd",
         "Loads one model and serves it over HTTP. Started by pool-managerd; docs/worker.md shows how to start one by "
         "hand.",
         http_api::this_build().version});
    Raw raw;
    add_options(line.app(), raw);
    if (auto parsed = line.parse(argc, argv); !parsed) return std::unexpected(parsed.error());
    return check(line, raw);
}

}  // namespace rbees::workerd
