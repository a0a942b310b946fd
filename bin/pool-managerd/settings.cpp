#include "settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <map>

#include "rbees/contracts/options.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/net/message.hpp"
#include "rbees/process/executable.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

struct Flags {
    std::optional<std::string> home;
    std::optional<std::string> config;
    std::map<std::string, std::string> options;
};

std::unexpected<EarlyExit> usage(std::string_view text) {
    return std::unexpected(EarlyExit{
        ExitCode::usage, fmt::format("pool-managerd: {}\nRun pool-managerd --help for more information.\n", text)});
}

std::expected<Flags, EarlyExit> parse(int argc, const char* const* argv) {
    CLI::App app("Keeps this machine's models and workers for rbees-orcd. Usually started by `rbees up`.",
                 "pool-managerd");
    Flags flags;
    app.add_option("--home", flags.home, "Folder of everything this installation keeps")->type_name("DIR");
    app.add_option("--config", flags.config, "Configuration file instead of the home's config.toml")->type_name("PATH");
    const auto option = [&](const char* flag, const char* name, const char* help, const char* type) {
        app.add_option_function<std::string>(
               flag, [&flags, name](const std::string& value) { flags.options[name] = value; }, help)
            ->type_name(type);
    };
    option("--listen", "pool.listen", "Where to listen (option pool.listen)", "HOST:PORT");
    option("--orchestrator", "pool.orchestrator", "Address of rbees-orcd (option pool.orchestrator)", "URL");
    option("--log-level", "log.level", "debug, info, warning or error (option log.level)", "LEVEL");
    app.set_version_flag("--version", fmt::format("pool-managerd {}", http_api::this_build().version));
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(EarlyExit{ExitCode::ok, app.help()});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(EarlyExit{ExitCode::ok, fmt::format("{}\n", version.what())});
    } catch (const CLI::ParseError& error) {
        return usage(error.what());
    }
    return flags;
}

bool is_loopback(std::string_view host) {
    return host.starts_with("127.") || host == "localhost" || host == "::1";
}

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

std::expected<void, EarlyExit> take_listener(const Config& config, Settings& settings) {
    const auto& text = config.text("pool.listen");
    const auto endpoint = net::parse_endpoint(text);
    if (!endpoint) return usage(fmt::format("pool.listen: `{}` is not HOST:PORT", text));
    if (!is_loopback(endpoint->first)) {
        return usage(
            fmt::format("pool.listen: {} is not a loopback address; rbees speaks plain HTTP, so nothing may "
                        "listen beyond this machine",
                        endpoint->first));
    }
    settings.listen_host = endpoint->first;
    settings.listen_port = endpoint->second;
    return {};
}

std::expected<void, EarlyExit> take_orchestrator(const Config& config, Settings& settings) {
    settings.orchestrator = config.text("pool.orchestrator");
    if (settings.orchestrator.empty()) return {};
    const auto url = net::parse_url(settings.orchestrator);
    if (url && url->scheme == "http") return {};
    return usage(fmt::format("pool.orchestrator: `{}` is not an http:// address", settings.orchestrator));
}

void take_options(const Config& config, Settings& settings) {
    settings.name = config.text("pool.name").empty() ? host_name() : config.text("pool.name");
    settings.log_level = parse_log_level(config.text("log.level")).value_or(LogLevel::info);
    settings.workers.start_timeout = config.duration("worker.start_timeout");
    settings.workers.stop_grace = config.duration("worker.stop_grace");
    settings.worker_slots = static_cast<std::uint32_t>(config.integer("worker.slots"));
    settings.worker_context = static_cast<std::uint64_t>(config.integer("worker.context"));
    settings.worker_threads = static_cast<std::uint32_t>(config.integer("worker.threads"));
    settings.shutdown_grace = config.duration("shutdown.grace");
    settings.download_connections = static_cast<std::uint32_t>(config.integer("download.connections"));
    settings.download_answer_timeout = config.duration("download.answer_timeout");
}

}  // namespace

std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv, const Environment& environment) {
    const auto flags = parse(argc, argv);
    if (!flags) return std::unexpected(flags.error());
    Settings settings;
    auto home = find_home(flags->home, environment);
    if (!home) return usage(describe(home.error()));
    if (flags->config && ::access(flags->config->c_str(), R_OK) != 0) {
        return usage(fmt::format("--config {}: there is no such file, or it may not be read", *flags->config));
    }
    if (flags->config) home->config_instead = *flags->config;
    const auto config = Config::load(contracts::options(), *home, environment, flags->options);
    if (!config) return usage(describe(config.error()));
    settings.home = std::move(*home);
    take_options(*config, settings);
    if (auto taken = take_listener(*config, settings); !taken) return std::unexpected(taken.error());
    if (auto taken = take_orchestrator(*config, settings); !taken) return std::unexpected(taken.error());
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
