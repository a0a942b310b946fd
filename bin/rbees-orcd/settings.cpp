#include "settings.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <thread>

#include "rbees/http_api/build.hpp"
#include "rbees/net/message.hpp"

namespace rbees::orcd {
namespace {

using daemon::CommandLine;

constexpr auto purpose = "The orchestrator: one address for every model of this home. Usually started by `rbees up`.";

std::expected<void, EarlyExit> read_listeners(const CommandLine& line, Settings& settings) {
    std::string_view rest = settings.listen_text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto text = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        auto endpoint = net::parse_endpoint(text);
        if (!endpoint) return line.usage(fmt::format("listen: \"{}\" is not HOST:PORT, as in 127.0.0.1:8080", text));
        if (!net::is_loopback(endpoint->first)) {
            return line.usage(fmt::format(
                "listen: {} is beyond loopback, and without TLS tokens and prompts would be readable on the network. "
                "Listen on 127.0.0.1 and reach it through an SSH tunnel: ssh -L 8080:127.0.0.1:8080 THIS-MACHINE",
                text));
        }
        settings.listen.push_back(std::move(*endpoint));
    }
    if (settings.listen.empty()) return line.usage("listen: at least one HOST:PORT is needed");
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
    settings.log_level = daemon::log_level(config);
    settings.log_limits = daemon::log_limits(config);
    settings.open_metrics = config.is_on("metrics.open");
    settings.default_model = config.text("models.default");
    settings.policy.load_deadline = config.duration("models.load_deadline");
    settings.policy.queue_capacity = static_cast<std::size_t>(config.integer("queue.capacity"));
    settings.policy.queue_policy =
        config.text("queue.policy") == "drop-lru" ? control::QueuePolicy::drop_lru : control::QueuePolicy::reject;
    settings.policy.sessions_retain = config.duration("sessions.retain");
    settings.policy.tasks_lease = config.duration("tasks.lease");
    settings.policy.tasks_retain = config.duration("tasks.retain");
    settings.policy.queue_wait = config.duration("queue.wait");
    settings.body_limit = config.bytes("body.limit");
    settings.bodies_limit = std::max(settings.body_limit, config.bytes("bodies.limit"));
    settings.connection_limit = static_cast<std::size_t>(config.integer("connections.limit"));
    settings.policy.heartbeat_interval = config.duration("heartbeat.interval");
    settings.policy.heartbeat_missed = static_cast<std::uint32_t>(config.integer("heartbeat.missed"));
    settings.shutdown_grace = config.duration("shutdown.grace");
    settings.policy.worker_stop_grace = config.duration("worker.stop_grace");
    settings.storage_watermark = config.bytes("storage.watermark");
    settings.journal_keep = config.duration("storage.journal_keep");
}

}  // namespace

std::expected<Settings, EarlyExit> read_settings(int argc, const char* const* argv, const Environment& environment) {
    CommandLine line({"rbees-orcd", purpose, http_api::this_build().version});
    bool supervise = false;
    line.app().add_flag("--supervise", supervise,
                        "Start rbees-orcd and pool-managerd, and start them again when they die");
    std::string tried_journal;
    line.app().add_option("--try-journal", tried_journal)->group("");  // for us alone, so the help hides it
    line.add_home();
    line.add_option("--listen", "listen", "HOST:PORT");
    line.add_option("--log-level", "log.level", "LEVEL");
    if (auto parsed = line.parse(argc, argv); !parsed) return std::unexpected(parsed.error());
    if (!tried_journal.empty()) return Settings{.mode = Mode::trial, .tried_journal = std::move(tried_journal)};
    auto configured = line.configure(environment);
    if (!configured) return std::unexpected(configured.error());

    Settings settings;
    settings.mode = supervise ? Mode::supervise : Mode::serve;
    settings.home = std::move(configured->home);
    settings.pass_on = line.home_flags();
    take_over(settings, configured->config);
    if (auto listeners = read_listeners(line, settings); !listeners) return std::unexpected(listeners.error());
    return settings;
}

}  // namespace rbees::orcd
