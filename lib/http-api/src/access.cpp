#include "rbees/http_api/access.hpp"

#include <algorithm>
#include <array>

#include "rbees/base/ascii.hpp"

namespace rbees::http_api {
namespace {

constexpr std::string_view bearer = "bearer ";

/// Scheme names compare without regard to case (RFC 9110, section 11.1).
bool starts_with_bearer(std::string_view value) {
    return value.size() > bearer.size() && equal_without_case(value.substr(0, bearer.size()), bearer);
}

}  // namespace

std::optional<std::string_view> shown_secret(const net::Request& request) {
    if (const auto value = request.headers.find("Authorization")) {
        if (!starts_with_bearer(*value)) return std::nullopt;
        const auto secret = value->substr(bearer.size());
        const auto first = secret.find_first_not_of(' ');
        if (first == std::string_view::npos) return std::nullopt;
        return secret.substr(first, secret.find_last_not_of(' ') - first + 1);
    }
    return request.headers.find("x-api-key");
}

bool is_from_loopback(const net::Request& request) {
    constexpr std::array prefixes{std::string_view("127."), std::string_view("[::1]:"),
                                  std::string_view("[::ffff:127.")};
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return request.peer.starts_with(prefix); });
}

contracts::Problem secret_missing() {
    return {.code = contracts::ErrorCode::UNAUTHORIZED,
            .detail = "the request shows no token",
            .hint = "send it as `Authorization: Bearer TOKEN`"};
}

contracts::Problem secret_wrong() {
    return {.code = contracts::ErrorCode::UNAUTHORIZED,
            .detail = "the token is not valid here",
            .hint = "it may be expired or revoked, or belong to another installation"};
}

}  // namespace rbees::http_api
