#pragma once
/// @file
/// Every HTTP route, once: method, path, who may call it, what goes in and out. The servers dispatch by these tables,
/// the authorization check comes from them, and OpenAPI, documentation and the authorization tests are generated from
/// them.

#include <cstdint>
#include <span>
#include <string_view>

#include <boost/describe/enum.hpp>
#include <boost/json/object.hpp>

namespace rbees::contracts {

/// Who may call a route.
enum class Access : std::uint8_t {
    open,     ///< anybody (promise R8 names them)
    metrics,  ///< as `user`; or anybody on loopback, if `metrics.open` is set
    user,     ///< any token of a person or program
    admin,    ///< a token of role admin
    node,     ///< a node token, or admin
    caller,   ///< node and worker APIs: the call token or spawn secret of that process
};
BOOST_DESCRIBE_ENUM(Access, open, metrics, user, admin, node, caller)

/// Which shape the errors of a route have.
enum class ErrorShape : std::uint8_t { problem, openai };

/// How large the bodies of a route's requests may be; more gets 413.
enum class BodySize : std::uint8_t {
    control,  ///< `control_body_max` (limits.hpp)
    task,     ///< `task_body_max`
    text,     ///< `body.limit`, the bound of all
};

using SchemaOf = boost::json::object (*)();

struct Route {
    std::string_view method;
    std::string_view path;       ///< with `{name}` for a segment
    std::string_view operation;  ///< unique; handlers are bound by it
    Access access = Access::admin;
    ErrorShape errors = ErrorShape::problem;
    std::string_view summary;
    int status = 200;            ///< of success
    SchemaOf request = nullptr;  ///< nullptr: none, or passed through
    SchemaOf response = nullptr;
    BodySize body = BodySize::control;
};

[[nodiscard]] std::span<const Route> orcd_routes();
[[nodiscard]] std::span<const Route> pool_routes();
[[nodiscard]] std::span<const Route> worker_routes();

/// The OpenAPI 3.1 document of a table.
[[nodiscard]] boost::json::object openapi(std::span<const Route> routes, std::string_view title,
                                          std::string_view version);

}  // namespace rbees::contracts
