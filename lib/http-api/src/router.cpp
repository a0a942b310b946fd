#include "rbees/http_api/router.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <unordered_map>

#include "correlated_exchange.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/contracts/limits.hpp"
#include "rbees/http_api/answers.hpp"
#include "route_table.hpp"

namespace rbees::http_api {
namespace {

using contracts::ErrorCode;
using contracts::ErrorShape;
using contracts::Problem;

/// Of a request's body, by its route.
net::BodyBound body_bound(contracts::BodySize size) {
    switch (size) {
        case contracts::BodySize::control:
            return {contracts::control_body_max, "control_body_max"};
        case contracts::BodySize::task:
            return {contracts::task_body_max, "task_body_max"};
        case contracts::BodySize::text:
            break;
    }
    return {Bytes(std::numeric_limits<std::uint64_t>::max()), "body.limit"};  // the server's own bound is less
}

net::Response not_found(const net::Request& request, const std::string& request_id) {
    const Problem problem{.code = ErrorCode::NOT_FOUND, .detail = "there is no route " + request.path};
    return problem_answer(problem, error_shape_of(request.target), request_id);
}

net::Response wrong_method(const net::Request& request, const WrongMethod& wrong, const std::string& request_id) {
    const Problem problem{.code = ErrorCode::METHOD_NOT_ALLOWED,
                          .detail = request.path + " does not take " + request.method + ", but " + wrong.allow};
    auto response = problem_answer(problem, wrong.other->errors, request_id);
    response.headers.set("Allow", wrong.allow);
    return response;
}

}  // namespace

const std::string& Call::parameter(std::string_view name) const {
    const auto found = std::ranges::find(path, name, [](const auto& segment) { return segment.first; });
    RBEES_ASSERT(found != path.end());
    return found->second;
}

net::Response Call::refuse(const contracts::Problem& problem) const {
    return problem_answer(problem, route.errors, request_id);
}

net::Task<void> answer_refused(Call& call, contracts::Problem problem) {
    auto refusal = call.refuse(problem);
    co_await call.exchange.respond(std::move(refusal));
}

Handlers& Handlers::bind(std::string_view operation, CallHandler handler) {
    const auto [position, is_new] = by_operation_.emplace(operation, std::move(handler));
    RBEES_ASSERT(is_new);
    return *this;
}

Handlers& Handlers::answer(std::string_view operation, AnswerHandler handler) {
    struct Answer {
        AnswerHandler handler;
        net::Task<void> operator()(Call& call) const {
            auto response = handler(call);
            co_await call.exchange.respond(std::move(response));
        }
    };
    return bind(operation, Answer{std::move(handler)});
}

class Router::Implementation {
  public:
    Implementation(std::span<const contracts::Route> routes, Handlers handlers, AccessCheck check, Logger log,
                   Observer observer)
        : table_(routes), check_(std::move(check)), log_(std::move(log)), observer_(std::move(observer)) {
        for (const auto& route : routes) {
            const auto found = handlers.by_operation_.find(route.operation);
            RBEES_ASSERT(found != handlers.by_operation_.end());
            handlers_.emplace(&route, found->second);
        }
        RBEES_ASSERT(handlers_.size() == handlers.by_operation_.size());
    }

    net::Task<void> serve(net::Exchange& inner) const {
        const auto& request = std::as_const(inner).request();
        Answered answered{.started = BootClock::now()};
        auto request_id = correlation_id(request);
        CorrelatedExchange exchange(inner, request_id);
        auto match = table_.find(request.method, request.target);
        if (auto* found = std::get_if<FoundRoute>(&match)) {
            answered.route = found->route;
            co_await serve_route(exchange, std::move(*found), std::move(request_id));
        } else {
            auto* wrong = std::get_if<WrongMethod>(&match);
            auto response =
                wrong != nullptr ? wrong_method(request, *wrong, request_id) : not_found(request, request_id);
            co_await exchange.respond(std::move(response));
        }
        answered.status = exchange.answered_status();
        answered.ended = BootClock::now();
        answered.first_byte = exchange.has_started() ? exchange.first_byte() : answered.ended;
        if (observer_) observer_(answered);
    }

    std::optional<net::BodyBound> check_head(const net::Request& head) const {
        const auto match = table_.find(head.method, head.target);
        const auto* found = std::get_if<FoundRoute>(&match);
        if (found == nullptr) return std::nullopt;
        const auto& route = *found->route;
        if (route.access != contracts::Access::open && !check_(route, head)) return std::nullopt;
        return body_bound(route.body);
    }

  private:
    net::Task<void> serve_route(CorrelatedExchange& exchange, FoundRoute found, std::string request_id) const {
        Call call{exchange, *found.route, {}, std::move(request_id), std::move(found.parameters)};
        if (call.route.access != contracts::Access::open) {
            auto caller = check_(call.route, call.request());
            if (!caller) {
                co_await answer_refused(call, caller.error());
                co_return;
            }
            call.caller = std::move(*caller);
        }
        if (call.request().is_body_left) {
            co_await answer_refused(call,
                                    contracts::Problem{.code = ErrorCode::CONFLICT,
                                                       .detail = "who may call this changed while the request came",
                                                       .hint = "send it again"});
            co_return;
        }
        co_await hand_over(exchange, call);
    }

    /// An exception in a handler is a bug or memory running out; the client gets INTERNAL, the log the reason.
    net::Task<void> hand_over(CorrelatedExchange& exchange, Call& call) const {
        std::optional<std::string> thrown;
        try {
            co_await handlers_.at (&call.route)(call);
        } catch (const std::exception& error) {
            thrown = error.what();
        }
        if (!thrown) co_return;
        log_.error("a handler failed",
                   {{"operation", call.route.operation}, {"request_id", call.request_id}, {"error", *thrown}});
        if (exchange.has_started()) co_return;
        co_await answer_refused(
            call, contracts::Problem{.code = ErrorCode::INTERNAL, .detail = "the request could not be handled"});
    }

    RouteTable table_;
    std::unordered_map<const contracts::Route*, CallHandler> handlers_;
    AccessCheck check_;
    Logger log_;
    Observer observer_;
};

Router::Router(std::span<const contracts::Route> routes, Handlers handlers, AccessCheck check, Logger log,
               Observer observer)
    : implementation_(std::make_unique<Implementation>(routes, std::move(handlers), std::move(check), std::move(log),
                                                       std::move(observer))) {}

Router::~Router() = default;

net::Handler Router::handler() const {
    return [router = implementation_.get()](net::Exchange& exchange) { return router->serve(exchange); };
}

net::HeadCheck Router::head_check() const {
    return [router = implementation_.get()](const net::Request& head) { return router->check_head(head); };
}

}  // namespace rbees::http_api
