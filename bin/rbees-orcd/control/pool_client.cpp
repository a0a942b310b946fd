#include "control/pool_client.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

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

net::Task<PoolAnswer> PoolClient::spawn(PoolAddress pool, contracts::SpawnWorker order) {
    auto body = reflect::to_json_text(order);
    co_return co_await call(std::move(pool), "POST", "/workers/spawn", std::move(body));
}

net::Task<PoolAnswer> PoolClient::stop(PoolAddress pool, contracts::StopWorker order) {
    auto body = reflect::to_json_text(order);
    co_return co_await call(std::move(pool), "POST", "/v2/workers/stop", std::move(body));
}

net::Task<PoolAnswer> PoolClient::download(PoolAddress pool, contracts::DownloadModel order) {
    auto body = reflect::to_json_text(order);
    co_return co_await call(std::move(pool), "POST", "/v2/models/download", std::move(body));
}

net::Task<PoolAnswer> PoolClient::remove_model(PoolAddress pool, ModelId model) {
    auto target = "/v2/models/" + net::percent_encode(model.str());
    co_return co_await call(std::move(pool), "DELETE", std::move(target), std::string());
}

net::Task<PoolAnswer> PoolClient::call(PoolAddress pool, std::string method, std::string target, std::string body) {
    auto url = net::parse_url(pool.url);
    if (!url) co_return unavailable(pool.url, "its address is not a URL");
    url->target = std::move(target);
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = std::move(*url);
    request.headers.set("Authorization", "Bearer " + pool.call_token);
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    request.timeouts = call_timeouts;
    const auto response = co_await client_.send(std::move(request));
    if (!response) co_return unavailable(pool.url, response.error().detail);
    if (response->status >= 300) co_return refused(*response);
    co_return PoolAnswer{};
}

}  // namespace rbees::orcd
