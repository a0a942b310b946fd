#include "house/listener.hpp"

#include <fmt/format.h>

#include <vector>

#include "client/address.hpp"
#include "house/ports.hpp"
#include "rbees/net/message.hpp"

namespace rbees::ctl {
namespace {

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};

std::string written(const Endpoint& endpoint) {
    return net::Url{"http", endpoint.host, endpoint.port}.authority();
}

Checked<std::vector<Endpoint>> read_endpoints(std::string_view text) {
    std::vector<Endpoint> endpoints;
    while (true) {
        const auto comma = text.find(',');
        const auto endpoint = net::parse_endpoint(text.substr(0, comma));
        if (!endpoint) {
            return usage_error(fmt::format("'{}' is not HOST:PORT", text.substr(0, comma)),
                               "for example: rbees up --listen 127.0.0.1:8080");
        }
        if (!net::is_loopback(endpoint->first)) {
            return usage_error(
                fmt::format("{} can be reached from other machines, and rbees has no TLS yet: tokens and prompts would "
                            "travel in the open",
                            written({endpoint->first, endpoint->second})),
                "listen on 127.0.0.1, and reach it from elsewhere through an SSH tunnel");
        }
        endpoints.push_back({endpoint->first, endpoint->second});
        if (comma == std::string_view::npos) return endpoints;
        text.remove_prefix(comma + 1);
    }
}

std::unexpected<CliError> taken(const Endpoint& endpoint) {
    const auto holder = holder_of(endpoint.port);
    return std::unexpected(
        CliError{ExitCode::failed,
                 fmt::format("{} is taken by {}", written(endpoint), holder.value_or("another user's process")),
                 "stop that one, or take another port: rbees up --listen 127.0.0.1:0",
                 "PORT_TAKEN",
                 {}});
}

enum class WhenTaken : bool { refuse, take_another };

/// Settles the port of one endpoint. The choice notes what was done.
Checked<void> settle(Endpoint& endpoint, WhenTaken when_taken, ListenerChoice& choice) {
    const auto asked = endpoint;
    if (endpoint.port != 0) {
        const auto state = probe_port(endpoint.host, endpoint.port);
        if (!state) return failed(state.error());
        if (*state == PortState::free) return {};
        if (when_taken == WhenTaken::refuse) return taken(endpoint);
    }
    const auto port = free_port(endpoint.host);
    if (!port) return failed(port.error());
    endpoint.port = *port;
    choice.keep = "";
    if (asked.port == 0) return {};
    choice.note = fmt::format("{} is taken by {}; rbees uses {} from now on", written(asked),
                              holder_of(asked.port).value_or("another program"), written(endpoint));
    return {};
}

}  // namespace

Checked<void> check_listener(std::string_view endpoints) {
    const auto read = read_endpoints(endpoints);
    if (!read) return std::unexpected(read.error());
    return {};
}

Checked<ListenerChoice> choose_listener(const std::optional<std::string>& flag, const Kept& kept,
                                        const ConfigValue& option) {
    const auto wish = flag ? *flag : kept.listen.value_or(option.text);
    const bool is_default = !flag && !kept.listen && option.origin == "default";
    auto endpoints = read_endpoints(wish);
    if (!endpoints) return std::unexpected(endpoints.error());
    ListenerChoice choice;
    for (auto& endpoint : *endpoints) {
        const auto when_taken = is_default ? WhenTaken::take_another : WhenTaken::refuse;
        if (auto settled = settle(endpoint, when_taken, choice); !settled) return std::unexpected(settled.error());
        choice.listen += (choice.listen.empty() ? "" : ",") + written(endpoint);
    }
    if (flag || kept.listen || choice.keep) choice.keep = choice.listen;
    return choice;
}

}  // namespace rbees::ctl
