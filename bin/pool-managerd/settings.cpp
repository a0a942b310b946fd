#include "settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "rbees/http_api/build.hpp"
#include "rbees/net/message.hpp"
#include "rbees/process/executable.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

using daemon::CommandLine;

constexpr auto purpose = "Keeps this machine's models and workers for rbees-orcd. Usually started by `rbees up`.";

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
    return name.data();
}

/// Where the model recipes are: beside an installation, else in the source tree of this build.
fs::path recipes_folder(const Environment& environment, const fs::path& programs) {
    if (const auto given = environment("RBEES_RECIPES")) return *given;
    const auto installed = programs.parent_path() / "share" / "rbees" / "models";
    std::error_code error;
    return fs::is_directory(installed, error) ? installed : fs::path(RBEES_SOURCE_RECIPES);
}

std::expected<void, EarlyExit> take_listener(const CommandLine& line, const Config& config, Settings& settings) {
    const auto& text = config.text("pool.listen");
    const auto endpoint = net::parse_endpoint(text);
    if (!endpoint) return line.usage(fmt::format("pool.listen: `{}` is not HOST:PORT", text));
    if (!net::is_loopback(endpoint->first)) {
        return line.usage(
            fmt::format("pool.listen: {} is not a loopback address; rbees speaks plain HTTP, so nothing may "
                        "listen beyond this machine",
                        endpoint->first));
    }
    settings.listen_host = endpoint->first;
    settings.listen_port = endpoint->second;
    return {};
}

std::expected<void, EarlyExit> take_orchestrator(const CommandLine& line, const Config& config, Settings& settings) {
    settings.orchestrator = config.text("pool.orchestrator");
    if (settings.orchestrator.empty()) return {};
    const auto url = net::parse_url(settings.orchestrator);
    if (!url || url->scheme != "http") {
        return line.usage(fmt::format("pool.orchestrator: `{}` is not an http:// address", settings.orchestrator));
    }
    if (net::is_loopback(url->host)) return {};
    return line.usage(
        fmt::format("pool.orchestrator: {} is beyond loopback, and without TLS the node's tokens and the secrets of "
                    "its workers would be readable on the network. Name an address of this machine, as in "
                    "http://127.0.0.1:8080",
                    settings.orchestrator));
}

void take_options(const Config& config, Settings& settings) {
    settings.name = config.text("pool.name").empty() ? host_name() : config.text("pool.name");
    settings.log_level = daemon::log_level(config);
    settings.log_limits = daemon::log_limits(config);
    settings.workers.start_timeout = config.duration("worker.start_timeout");
    settings.workers.stop_grace = config.duration("worker.stop_grace");
    settings.workers.silence = config.duration("worker.silence");
    settings.worker_slots = static_cast<std::uint32_t>(config.integer("worker.slots"));
    settings.worker_context = static_cast<std::uint64_t>(config.integer("worker.context"));
    settings.worker_threads = static_cast<std::uint32_t>(config.integer("worker.threads"));
    settings.tasks_lease = config.duration("tasks.lease");
    settings.shutdown_grace = config.duration("shutdown.grace");
    settings.download_connections = static_cast<std::uint32_t>(config.integer("download.connections"));
    settings.download_answer_timeout = config.duration("download.answer_timeout");
}

}  // namespace

std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv, const Environment& environment) {
    CommandLine line({"pool-managerd", purpose, http_api::this_build().version});
    line.add_home();
    line.add_option("--listen", "pool.listen", "HOST:PORT");
    line.add_option("--orchestrator", "pool.orchestrator", "URL");
    line.add_option("--log-level", "log.level", "LEVEL");
    if (auto parsed = line.parse(argc, argv); !parsed) return std::unexpected(parsed.error());
    auto configured = line.configure(environment);
    if (!configured) return std::unexpected(configured.error());

    const auto& config = configured->config;
    Settings settings;
    settings.home = std::move(configured->home);
    take_options(config, settings);
    if (auto taken = take_listener(line, config, settings); !taken) return std::unexpected(taken.error());
    if (auto taken = take_orchestrator(line, config, settings); !taken) return std::unexpected(taken.error());
    if (const auto endpoint = environment("HF_ENDPOINT"); endpoint && !endpoint->empty()) {
        settings.huggingface_endpoint = *endpoint;
    }
    settings.huggingface_token = environment("HF_TOKEN");
    const auto programs = process::executable_folder();
    if (!programs) return std::unexpected(EarlyExit{ExitCode::failed, describe(programs.error()) + "\n"});
    settings.worker_program = *programs / "rbees-workerd";
    settings.recipes = recipes_folder(environment, *programs);
    return settings;
}

}  // namespace rbees::poold
