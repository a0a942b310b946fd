#include "control/pool_client.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using control::PoolAddress;
using control::PoolAnswer;
using control::PoolReply;

constexpr net::Timeouts call_timeouts{
    .connect = std::chrono::seconds(2), .head = std::chrono::seconds(10), .body = std::chrono::seconds(10)};

std::unexpected<Problem> unavailable(const std::string& url, std::string_view why) {
    return std::unexpected(Problem{.code = ErrorCode::POOL_UNAVAILABLE,
                                   .detail = fmt::format("the pool manager at {} does not answer: {}", url, why),
                                   .hint = "rbees status",
                                   .retry_after_ms = 1'000});
}

/// The pool manager's own problem, passed on.
std::unexpected<Problem> refused(const net::Response& response) {
    auto body = reflect::from_json_text<contracts::ProblemBody>(response.body);
    if (!body) {
        return std::unexpected(Problem{.code = ErrorCode::INTERNAL,
                                       .detail = fmt::format("the pool manager answered {}", response.status)});
    }
    return std::unexpected(Problem{.code = body->code,
                                   .detail = std::move(body->detail),
                                   .hint = std::move(body->hint),
                                   .limit = std::move(body->limit),
                                   .retry_after_ms = body->retry_after_ms,
                                   .errors = std::move(body->errors).value_or(reflect::FieldErrors{})});
}

}  // namespace

void PoolClient::spawn(PoolAddress pool, contracts::SpawnWorker order, PoolReply reply) {
    start(std::move(pool), {"POST", "/workers/spawn", reflect::to_json_text(order)}, std::move(reply));
}

void PoolClient::stop(PoolAddress pool, contracts::StopWorker order, PoolReply reply) {
    start(std::move(pool), {"POST", "/v2/workers/stop", reflect::to_json_text(order)}, std::move(reply));
}

void PoolClient::download(PoolAddress pool, contracts::DownloadModel order, control::DownloadReply reply) {
    auto url = pool.url;
    ask_for_body(std::move(pool), {"POST", "/v2/models/download", reflect::to_json_text(order)},
                 [url = std::move(url), reply = std::move(reply)](const Body& body) {
                     if (!body) return reply(std::unexpected(body.error()));
                     auto report = reflect::from_json_text<contracts::DownloadReport>(*body);
                     if (!report) return reply(unavailable(url, reflect::describe(report.error())));
                     reply(std::move(*report));
                 });
}

void PoolClient::remove_model(PoolAddress pool, ModelId model, PoolReply reply) {
    start(std::move(pool), {"DELETE", "/v2/models/" + net::percent_encode(model.str()), ""}, std::move(reply));
}

void PoolClient::start(PoolAddress pool, Order order, PoolReply reply) {
    ask_for_body(std::move(pool), std::move(order), [reply = std::move(reply)](const Body& body) {
        reply(body ? PoolAnswer{} : std::unexpected(body.error()));
    });
}

void PoolClient::ask_for_body(PoolAddress pool, Order order, BodyReply reply) {
    boost::asio::co_spawn(io_, call(std::move(pool), std::move(order), std::move(reply)), boost::asio::detached);
}

net::Task<void> PoolClient::call(PoolAddress pool, Order order, BodyReply reply) {
    auto body = co_await ask(std::move(pool), std::move(order));
    reply(std::move(body));
}

net::Task<PoolClient::Body> PoolClient::ask(PoolAddress pool, Order order) {
    auto url = net::parse_url(pool.url);
    if (!url) co_return unavailable(pool.url, "its address is not a URL");
    url->target = std::move(order.target);
    net::ClientRequest request;
    request.method = std::move(order.method);
    request.url = std::move(*url);
    request.headers.set("Authorization", "Bearer " + pool.call_token);
    if (!order.body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(order.body);
    request.timeouts = call_timeouts;
    auto response = co_await client_.send(std::move(request));
    if (!response) co_return unavailable(pool.url, response.error().detail);
    if (response->status >= 300) co_return refused(*response);
    co_return std::move(response->body);
}

}  // namespace rbees::orcd
