#pragma once
/// @file
/// Who calls: what a request shows, and what a process made of it.

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/contracts/tokens.hpp"
#include "rbees/net/message.hpp"

namespace rbees::http_api {

/// Who a request comes from, after its token was checked.
struct Caller {
    std::string id;  ///< the token's id, a worker's id; empty where the route needs nobody
    std::optional<contracts::Role> role;

    bool operator==(const Caller&) const = default;
};

/// Decides by the route's `access` whether a request may go on. Each process has its own: it knows its tokens.
/// Called on the server's thread before the handler; must not block. Not called for routes that are `open`.
using AccessCheck = std::function<std::expected<Caller, contracts::Problem>(const contracts::Route& route,
                                                                            const net::Request& request)>;

/// The secret of `Authorization: Bearer SECRET`, else of `x-api-key`. A view into the request.
[[nodiscard]] std::optional<std::string_view> shown_secret(const net::Request& request);

/// Whether the connection comes from this machine's loopback interface.
[[nodiscard]] bool is_from_loopback(const net::Request& request);

/// The refusals that every access check gives: no secret at all, or one that opens nothing.
[[nodiscard]] contracts::Problem secret_missing();
[[nodiscard]] contracts::Problem secret_wrong();

}  // namespace rbees::http_api
