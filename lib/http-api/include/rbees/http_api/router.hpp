#pragma once
/// @file
/// From a request to the handler of its route, by a table of contracts/routes.hpp.
///
/// Every process that listens does the same things in the same order: find the route (404, or 405 with `Allow`), give
/// the request its correlation id, check who calls (the route's `access`), hand over, shape what goes wrong. They are
/// done here, once, so no handler can forget one. What the head alone decides is decided before the body is read.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/http_api/access.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/task.hpp"

namespace rbees::http_api {

/// One request on its way through a handler. Lives until the handler returns.
struct Call {
    net::Exchange& exchange;  ///< adds the correlation id to whatever is answered
    const contracts::Route& route;
    Caller caller;
    std::string request_id;                                      ///< the correlation id
    std::vector<std::pair<std::string_view, std::string>> path;  ///< the `{name}` segments, decoded

    [[nodiscard]] const net::Request& request() const { return std::as_const(exchange).request(); }

    /// The segment of that name, which must be in the route's path.
    [[nodiscard]] const std::string& parameter(std::string_view name) const;

    /// An error in this route's shape.
    [[nodiscard]] net::Response refuse(const contracts::Problem& problem) const;
};

/// Answers with an error in the shape of the call's route. The call must outlive the task.
[[nodiscard]] net::Task<void> answer_refused(Call& call, contracts::Problem problem);

/// Answers a call through `call.exchange`, at once or as a stream.
using CallHandler = std::function<net::Task<void>(Call& call)>;

/// Computes the answer without waiting for anything.
using AnswerHandler = std::function<net::Response(const Call& call)>;

/// The handlers of a table, by operation.
class Handlers {
  public:
    /// A handler that may wait and stream.
    Handlers& bind(std::string_view operation, CallHandler handler);

    /// A handler that only computes.
    Handlers& answer(std::string_view operation, AnswerHandler handler);

  private:
    friend class Router;
    std::map<std::string, CallHandler, std::less<>> by_operation_;
};

/// What happened to one request; for metrics. Handed out once for each, on the server's thread.
struct Answered {
    const contracts::Route* route = nullptr;  ///< nullptr if no route matched
    int status = 0;                           ///< 0 if nothing was answered (the client left, or the answer was cut)
    Instant started{};                        ///< the request was whole
    Instant first_byte{};                     ///< of the answer's head; `ended` if there was none
    Instant ended{};
};
using Observer = std::function<void(const Answered& answered)>;

/// Immutable after construction, so servers on several threads may share one, if handlers, check and observer allow it.
/// Must outlive every server that uses its `handler()`.
class Router {
  public:
    /// Every operation of `routes` must be bound, and nothing else; anything different is a bug (RBEES_ASSERT).
    /// `routes` must outlive the router.
    Router(std::span<const contracts::Route> routes, Handlers handlers, AccessCheck check, Logger log,
           Observer observer = {});
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    /// What a net::Server calls for each request.
    [[nodiscard]] net::Handler handler() const;

    /// What a net::Server asks before it reads a body: one that belongs to no route, or comes from somebody who may not
    /// call it, is not read; of others no more than the route's `body` allows.
    [[nodiscard]] net::HeadCheck head_check() const;

  private:
    class Implementation;
    std::unique_ptr<const Implementation> implementation_;
};

}  // namespace rbees::http_api
