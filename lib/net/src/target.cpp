#include "target.hpp"

#include <algorithm>

#include "rbees/base/ascii.hpp"
#include "rbees/base/utf8.hpp"

namespace rbees::net {

namespace {

bool has_prefix_without_case(std::string_view text, std::string_view prefix) {
    return equal_without_case(text.substr(0, prefix.size()), prefix);
}

/// "http://host:1/path?q" -> "/path?q".
TargetVerdict to_origin_form(Request& request) {
    const std::string_view target = request.target;
    const auto after_scheme = target.substr(target.find("://") + 3);
    const auto authority = after_scheme.substr(0, after_scheme.find_first_of("/?"));
    if (authority.empty() || !is_host_text(authority)) return TargetVerdict::malformed;
    auto rest = std::string(after_scheme.substr(authority.size()));
    if (rest.empty() || rest.front() == '?') rest.insert(rest.begin(), '/');
    request.headers.set("Host", authority);
    request.target = std::move(rest);
    return TargetVerdict::fine;
}

/// A name or value of the query: '+' stands for a space there (WHATWG URL, application/x-www-form-urlencoded).
std::optional<std::string> decode_query_part(std::string_view part) {
    std::string text(part);
    std::ranges::replace(text, '+', ' ');
    auto decoded = percent_decode(text);
    if (decoded && !is_valid_utf8(*decoded)) return std::nullopt;
    return decoded;
}

TargetVerdict split_query(std::string_view query, Request& request) {
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), part.size() + 1));
        if (part.empty()) continue;
        const auto equals = std::min(part.find('='), part.size());
        auto name = decode_query_part(part.substr(0, equals));
        auto value = decode_query_part(part.substr(std::min(part.size(), equals + 1)));
        if (!name || !value) return TargetVerdict::malformed;
        request.query.emplace_back(std::move(*name), std::move(*value));
    }
    return TargetVerdict::fine;
}

}  // namespace

bool is_host_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return is_alphanumeric || std::string_view("-._~!$&'()*+,;=%:[]").contains(c);
    });
}

TargetVerdict split_target(Request& request) {
    if (request.target.contains('#')) return TargetVerdict::malformed;
    const auto is_asterisk = request.target == "*" && request.method == "OPTIONS";
    if (is_asterisk || (request.method == "CONNECT" && is_host_text(request.target))) {
        request.path = request.target;
        return TargetVerdict::fine;
    }
    if (has_prefix_without_case(request.target, "http://") || has_prefix_without_case(request.target, "https://")) {
        if (to_origin_form(request) != TargetVerdict::fine) return TargetVerdict::malformed;
    }
    const std::string_view target = request.target;
    if (!target.starts_with('/')) return TargetVerdict::malformed;

    const auto path_size = std::min(target.find('?'), target.size());
    auto path = percent_decode(target.substr(0, path_size));
    if (!path || !is_valid_utf8(*path)) return TargetVerdict::malformed;
    request.path = std::move(*path);
    return split_query(target.substr(std::min(target.size(), path_size + 1)), request);
}

}  // namespace rbees::net
