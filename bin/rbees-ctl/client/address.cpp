#include "client/address.hpp"

#include <fmt/format.h>

#include "house/kept.hpp"
#include "rbees/base/files.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/net/message.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::ctl {
namespace {

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
    auto value = environment(name);
    return value && !value->empty() ? value : std::nullopt;
}

/// The address that the home's rbees-orcd wrote down when it began to listen.
std::optional<std::string> running_url(const Home& home) {
    const auto text = read_file(home.orcd_process());
    if (!text) return std::nullopt;
    const auto file = reflect::from_json_text<contracts::ProcessFile>(*text);
    return file ? file->url : std::nullopt;
}

std::string url_of_home(const Home& home, const Config& config) {
    if (auto url = running_url(home)) return *url;
    return url_of_listener(read_kept(home).listen.value_or(config.text("listen")));
}

}  // namespace

std::string url_of_listener(std::string_view endpoints) {
    const auto endpoint = net::parse_endpoint(endpoints.substr(0, endpoints.find(',')));
    if (!endpoint) return fmt::format("http://{}", endpoints);
    auto [host, port] = *endpoint;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    return fmt::format("http://{}", net::Url{"http", host, port}.authority());
}

Checked<Address> own_address(const Home& home, const Config& config, const Environment& environment) {
    Address address{.url = url_of_home(home, config), .token = variable(environment, "RBEES_TOKEN")};
    if (auto token = read_first_line(home.admin_token())) address.token = std::move(*token);
    if (net::parse_url(address.url)) return address;
    return usage_error(fmt::format("'{}' is not an address of rbees-orcd", address.url),
                       "mend the option listen: HOST:PORT, as in 127.0.0.1:8080");
}

Checked<Address> find_address(const std::optional<std::string>& flag, const Home& home, const Config& config,
                              const Environment& environment) {
    const auto own = url_of_home(home, config);
    const auto named = flag ? flag : variable(environment, "RBEES_URL");
    Address address{.url = named.value_or(own), .token = variable(environment, "RBEES_TOKEN")};
    while (address.url.ends_with('/')) {
        address.url.pop_back();
    }
    const auto url = net::parse_url(address.url);
    if (!url) {
        return usage_error(fmt::format("'{}' is not an address of rbees-orcd", address.url),
                           "write it as http://HOST:PORT, in --url or RBEES_URL");
    }
    if (address.token || !(address.url == own || net::is_loopback(url->host))) return address;
    if (auto token = read_first_line(home.admin_token())) address.token = std::move(*token);
    return address;
}

}  // namespace rbees::ctl
