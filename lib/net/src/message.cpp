#include "rbees/net/message.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "rbees/base/ascii.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::net {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const auto lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_unreserved(char c) {
    const auto lower = to_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
}

/// A host that can stand before a port without brackets, and is not a guess: no colon, no space, nothing of a path.
bool is_plain_host(std::string_view host) {
    return !host.empty() && std::ranges::all_of(host, [](char c) { return is_unreserved(c); });
}

bool is_ipv6_text(std::string_view host) {
    const auto is_part = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
    const auto address = host.substr(0, host.find('%'));
    return std::ranges::count(address, ':') >= 2 && std::ranges::all_of(address, is_part);
}

}  // namespace

std::optional<std::string_view> Fields::find(std::string_view name) const {
    for (const auto& [field, value] : fields_) {
        if (equal_without_case(field, name)) return value;
    }
    return std::nullopt;
}

void Fields::set(std::string_view name, std::string_view value) {
    std::string owned(value);  // `value` may lie in a field that goes now
    erase(name);
    fields_.emplace_back(name, std::move(owned));
}

void Fields::append(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);
}

void Fields::erase(std::string_view name) {
    std::erase_if(fields_, [&](const Field& field) { return equal_without_case(field.first, name); });
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
    const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
    if (found == query.end()) return std::nullopt;
    return found->second;
}

std::string Url::authority() const {
    const auto is_ipv6 = host.contains(':');
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Url> parse_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed || parsed->host().empty() || parsed->has_userinfo() || parsed->has_fragment()) return std::nullopt;

    const std::string_view path = parsed->encoded_path();
    if (!path.empty() && !path.starts_with('/'))
        return std::nullopt;  // Boost.URL 1.81 reads "host:8x" as port and path

    Url url;
    url.scheme = to_lower(std::string_view(parsed->scheme()));
    if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
    url.host = parsed->host_address();
    if (!is_plain_host(url.host) && !is_ipv6_text(url.host)) return std::nullopt;

    const std::string_view port = parsed->port();
    if (port.empty()) {
        url.port = url.scheme == "https" ? 443 : 80;
    } else {
        const auto number = parse_whole<std::uint16_t>(port);
        if (!number || *number == 0) return std::nullopt;
        url.port = *number;
    }
    url.target = parsed->encoded_resource();
    if (!url.target.starts_with('/')) url.target.insert(url.target.begin(), '/');
    return url;
}

std::optional<std::pair<std::string, std::uint16_t>> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = parse_whole<std::uint16_t>(text.substr(colon + 1));
    if (!port) return std::nullopt;
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (!is_ipv6_text(host)) return std::nullopt;
    } else if (!is_plain_host(host)) {
        return std::nullopt;
    }
    return std::pair(std::string(host), *port);
}

bool is_loopback(std::string_view host) {
    if (host == "localhost") return true;
    if (host.contains('\0')) return false;  // inet_pton would read what stands before it
    const std::string text(host);
    in_addr v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24U == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string percent_encode(std::string_view path_segment) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(path_segment.size());
    for (const char c : path_segment) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 0xf];
    }
    return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const auto high = hex_value(text[i + 1]);
            const auto low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high << 4 | low);
            i += 2;
        }
        if (c == '\0') return std::nullopt;
        decoded += c;
    }
    return decoded;
}

/// RFC 9110 section 15, RFC 6585, and 499 of nginx.
static constexpr std::array<std::pair<int, std::string_view>, 41> reason_phrases{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
}};

std::string_view reason_phrase(int status) {
    const auto* found = std::ranges::find(reason_phrases, status, &std::pair<int, std::string_view>::first);
    return found == reason_phrases.end() ? "Unknown" : found->second;
}

}  // namespace rbees::net
