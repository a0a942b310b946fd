#include "access_check.hpp"

namespace rbees::orcd {
namespace {

using contracts::Access;
using contracts::Problem;
using contracts::Role;

/// Whether a token of that role opens a route of that access.
bool opens(Role role, Access access) {
    switch (access) {
        case Access::open:
            return true;
        case Access::metrics:
        case Access::user:
        case Access::admin:
            return role == Role::admin;
        case Access::node:
            return role == Role::admin || role == Role::node;
        case Access::caller:
            break;
    }
    return false;
}

std::expected<http_api::Caller, Problem> check(const contracts::Route& route, const net::Request& request,
                                               const ViewHolder& holder, const Settings& settings) {
    if (route.access == Access::metrics && settings.open_metrics && http_api::is_from_loopback(request)) {
        return http_api::Caller{};
    }
    const auto secret = http_api::shown_secret(request);
    if (!secret) return std::unexpected(http_api::secret_missing());
    const auto* token = holder.view->access.find(*secret, wall_now());
    if (token == nullptr) return std::unexpected(http_api::secret_wrong());
    if (!opens(token->role, route.access)) {
        return std::unexpected(Problem{
            .code = contracts::ErrorCode::FORBIDDEN,
            .detail = "a token of role " + std::string(reflect::name_of(token->role)) + " may not use this route",
            .hint = "use a token of role admin"});
    }
    return http_api::Caller{token->id.str(), token->role};
}

}  // namespace

http_api::AccessCheck access_check(const ViewHolder& holder, const Settings& settings) {
    return [&holder, &settings](const contracts::Route& route, const net::Request& request) {
        return check(route, request, holder, settings);
    };
}

}  // namespace rbees::orcd
