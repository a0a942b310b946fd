#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <string_view>
#include <utility>

#include "rbees/http_api/build.hpp"

namespace rbees::workerd {
namespace {

/// The options as they stand on the command line.
struct Raw {
    std::string worker;
    std::string model;
    std::string model_path;
    std::string model_hash;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string callback_url;
    std::optional<int> secret_fd;
    std::optional<std::uint32_t> slots;
    std::optional<std::uint64_t> context;
    std::optional<std::uint32_t> threads;
    std::optional<std::uint32_t> batch;
    int gpu_layers = -1;
};

void add_options(CLI::App& app, Raw& raw) {
    app.add_option("--worker-id", raw.worker, "Name of this worker")->required()->type_name("ID");
    app.add_option("--model", raw.model, "Public name of the model")->required()->type_name("NAME");
    app.add_option("--model-path", raw.model_path,
                   "GGUF file, or sim:NAME?slots=4&prefill=1000&decode=50 for the simulated engine")
        ->required()
        ->type_name("PATH|sim:REF");
    app.add_option("--model-hash", raw.model_hash, "SHA-256 of the file, if known; else it is read")->type_name("HEX");
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
    app.add_option("--gpu-layers", raw.gpu_layers, "Layers on a GPU; -1 as many as fit, 0 none; default -1")
        ->type_name("N")
        ->check(CLI::Range(-1, 100'000));
}

std::unexpected<EarlyExit> usage(std::string text) {
    return std::unexpected(EarlyExit{
        ExitCode::usage, fmt::format("rbees-workerd: {}\nRun rbees-workerd --help for more information.\n", text)});
}

/// Nothing here is encrypted, so nothing leaves the machine.
bool is_loopback(std::string_view host) {
    return host.starts_with("127.") || host == "localhost" || host == "::1" || host == "[::1]";
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
    if (!raw.model_hash.empty()) plan.model_hash = raw.model_hash;
    return plan;
}

std::expected<Settings, EarlyExit> check(const Raw& raw) {
    if (!is_valid_id(raw.worker)) return usage("--worker-id must be 1 to 128 of letters, digits and ._:-");
    if (raw.model.empty()) return usage("--model must not be empty");
    if (raw.model_path.empty()) return usage("--model-path must not be empty");
    if (!raw.model_hash.empty() && !is_sha256(raw.model_hash)) {
        return usage("--model-hash must be 64 lower-case hexadecimal characters");
    }
    if (!is_loopback(raw.host)) {
        return usage(
            fmt::format("--host {} is not a loopback address: a worker speaks plain HTTP, so its secret and "
                        "the prompts would be readable on the network",
                        raw.host));
    }
    Settings settings{.worker = WorkerId(raw.worker),
                      .plan = plan_of(raw),
                      .host = raw.host,
                      .port = raw.port,
                      .callback = std::nullopt,
                      .secret_fd = raw.secret_fd};
    if (raw.callback_url.empty()) return settings;
    settings.callback = net::parse_url(raw.callback_url);
    if (!settings.callback || settings.callback->scheme != "http" || !is_loopback(settings.callback->host)) {
        return usage(fmt::format("--callback-url {} is not an http:// address on loopback", raw.callback_url));
    }
    return settings;
}

}  // namespace

std::expected<Settings, EarlyExit> parse_command_line(int argc, const char* const* argv) {
    CLI::App app(
        "Loads one model and serves it over HTTP. Started by pool-managerd; docs/worker.md shows how to start "
        "one by hand.",
        "rbees-workerd");
    Raw raw;
    add_options(app, raw);
    app.set_version_flag("--version", fmt::format("rbees-workerd {}", http_api::this_build().version));
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(EarlyExit{ExitCode::ok, app.help()});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(EarlyExit{ExitCode::ok, fmt::format("{}\n", version.what())});
    } catch (const CLI::ParseError& error) {
        return usage(error.what());
    }
    return check(raw);
}

}  // namespace rbees::workerd
