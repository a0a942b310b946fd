#include "client/api.hpp"

#include <fmt/format.h>

#include "client/refusal.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::ctl {
namespace {

/// The server says how programs send one; here the question is where it is.
constexpr auto no_token_hint =
    "set RBEES_TOKEN; a home without its admin.token gets a new one from: rbees orchestrator restart";

using Answer = std::expected<net::Response, net::ClientError>;

net::Task<Answer> send(net::Client* client, net::ClientRequest request) {
    auto answer = co_await client->send(std::move(request));
    co_return answer;
}

}  // namespace

net::ClientRequest Api::request(std::string_view method, std::string_view path, std::string body) const {
    auto url = net::parse_url(address_.url + std::string(path));
    RBEES_ASSERT(url.has_value());  // find_address() checked the address, and paths are ours
    net::ClientRequest request{.method = std::string(method), .url = std::move(*url), .body = std::move(body)};
    request.timeouts = {.connect = connect_time, .head = call_time, .body = call_time};
    request.headers.set("Accept", "application/json");
    request.headers.set("User-Agent", fmt::format("rbees/{}", http_api::this_build().version));
    if (address_.token) request.headers.set("Authorization", fmt::format("Bearer {}", *address_.token));
    if (!request.body.empty()) request.headers.set("Content-Type", "application/json");
    return request;
}

Checked<net::Response> Api::exchange(net::ClientRequest request) {
    auto answer = loop_.run(send(&client_, std::move(request)));
    if (!answer) return std::unexpected(answer.error());
    if (!*answer) return std::unexpected(unreachable(answer->error(), address_.url));
    return std::move(**answer);
}

Checked<net::Response> Api::call(std::string_view method, std::string_view path, std::string body) {
    return call(request(method, path, std::move(body)));
}

Checked<net::Response> Api::call(net::ClientRequest request) {
    auto response = exchange(std::move(request));
    if (!response || response->status < 400) return response;
    auto error = refusal(*response);
    if (error.exit == ExitCode::not_authorized && !address_.token) error.hint = no_token_hint;
    return std::unexpected(std::move(error));
}

CliError Api::strange(const reflect::FieldErrors& errors) const {
    return {
        ExitCode::failed,
        fmt::format("{} answers in a way that this rbees does not know: {}", address_.url, reflect::describe(errors)),
        "compare the versions with: rbees version",
        "UNKNOWN_ANSWER",
        {}};
}

std::string path_of(std::string_view collection, std::string_view id, std::string_view action) {
    return fmt::format("{}/{}{}{}", collection, net::percent_encode(id), action.empty() ? "" : "/", action);
}

}  // namespace rbees::ctl
