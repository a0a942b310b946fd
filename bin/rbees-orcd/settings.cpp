#include "settings.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string_view>
#include <thread>

#include "rbees/contracts/options.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/net/message.hpp"

namespace rbees::orcd {
namespace {

struct Raw {
    bool supervise = false;
    std::optional<std::string> home;
    std::optional<std::string> config;
    std::optional<std::string> listen;
    std::optional<std::string> log_level;
};

std::unexpected<EarlyExit> usage(std::string_view text) {
    return std::unexpected(
        EarlyExit{ExitCode::usage, fmt::format("rbees-orcd: {}\nRun rbees-orcd --help for more information.\n", text)});
}

std::expected<Raw, EarlyExit> parse(int argc, const char* const* argv) {
    CLI::App app("The orchestrator: one address for every model of this home. Usually started by `rbees up`.",
                 "rbees-orcd");
    Raw raw;
    app.add_flag("--supervise", raw.supervise,
                 "Start rbees-orcd and pool-managerd, and start them again when they die");
    app.add_option("--home", raw.home, "Folder that holds everything; default RBEES_HOME, else the XDG folders")
        ->type_name("DIR");
    app.add_option("--config", raw.config, "Configuration file to read instead of the home's config.toml")
        ->type_name("PATH");
    app.add_option("--listen", raw.listen, "Where to listen; several, separated by commas; port 0 takes a free one")
        ->type_name("HOST:PORT");
    app.add_option("--log-level", raw.log_level, "debug, info, warning or error")->type_name("LEVEL");
    app.set_version_flag("--version", fmt::format("rbees-orcd {}", http_api::this_build().version));
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(EarlyExit{ExitCode::ok, app.help()});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(EarlyExit{ExitCode::ok, fmt::format("{}\n", version.what())});
    } catch (const CLI::ParseError& error) {
        return usage(error.what());
    }
    return raw;
}

/// By address: a name such as 127.example.org may lead anywhere.
bool is_loopback(const std::string& host) {
    in_addr address{};
    if (inet_pton(AF_INET, host.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24) == 127;
    return host == "localhost" || host == "::1";
}

std::expected<void, EarlyExit> read_listeners(Settings& settings) {
    std::string_view rest = settings.listen_text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto text = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        auto endpoint = net::parse_endpoint(text);
        if (!endpoint) return usage(fmt::format("listen: \"{}\" is not HOST:PORT, as in 127.0.0.1:8080", text));
        if (!is_loopback(endpoint->first)) {
            return usage(fmt::format(
                "listen: {} is beyond loopback, and without TLS tokens and prompts would be readable on the network. "
                "Listen on 127.0.0.1 and reach it through an SSH tunnel: ssh -L 8080:127.0.0.1:8080 THIS-MACHINE",
                text));
        }
        settings.listen.push_back(std::move(*endpoint));
    }
    if (settings.listen.empty()) return usage("listen: at least one HOST:PORT is needed");
    return {};
}

/// One for every two cores: workers need the others.
std::uint32_t thread_count(std::int64_t wanted) {
    if (wanted > 0) return static_cast<std::uint32_t>(wanted);
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

void take_over(Settings& settings, const Config& config) {
    settings.listen_text = config.text("listen");
    settings.threads = thread_count(config.integer("threads"));
    settings.log_level = parse_log_level(config.text("log.level")).value_or(LogLevel::info);
    settings.open_metrics = config.is_on("metrics.open");
    settings.default_model = config.text("models.default");
    settings.load_deadline = config.duration("models.load_deadline");
    settings.queue_capacity = static_cast<std::size_t>(config.integer("queue.capacity"));
    settings.queue_wait = config.duration("queue.wait");
    settings.body_limit = config.bytes("body.limit");
    settings.connection_limit = static_cast<std::size_t>(config.integer("connections.limit"));
    settings.heartbeat_interval = config.duration("heartbeat.interval");
    settings.heartbeat_missed = static_cast<std::uint32_t>(config.integer("heartbeat.missed"));
    settings.shutdown_grace = config.duration("shutdown.grace");
    settings.storage_watermark = config.bytes("storage.watermark");
}

std::vector<std::string> flags_for_children(const Raw& raw) {
    std::vector<std::string> flags;
    if (raw.home) flags.insert(flags.end(), {"--home", *raw.home});
    if (raw.config) flags.insert(flags.end(), {"--config", *raw.config});
    return flags;
}

}  // namespace

std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv, const Environment& environment) {
    const auto raw = parse(argc, argv);
    if (!raw) return std::unexpected(raw.error());
    auto home = find_home(raw->home, environment);
    if (!home) return usage(describe(home.error()));
    if (raw->config) home->config_instead = *raw->config;
    std::map<std::string, std::string> flags;
    if (raw->listen) flags["listen"] = *raw->listen;
    if (raw->log_level) flags["log.level"] = *raw->log_level;
    const auto config = Config::load(contracts::options(), *home, environment, flags);
    if (!config) return usage(describe(config.error()));

    Settings settings;
    settings.mode = raw->supervise ? Mode::supervise : Mode::serve;
    settings.home = std::move(*home);
    settings.pass_on = flags_for_children(*raw);
    take_over(settings, *config);
    if (auto listeners = read_listeners(settings); !listeners) return std::unexpected(listeners.error());
    return settings;
}

}  // namespace rbees::orcd
