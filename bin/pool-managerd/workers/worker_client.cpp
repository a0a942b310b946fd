#include "workers/worker_client.hpp"

#include <fmt/format.h>

#include "rbees/reflect/read.hpp"

namespace rbees::poold {
namespace {

WorkerSilence silence_of(net::ClientErrorKind kind) {
    using enum net::ClientErrorKind;
    if (kind == timed_out || kind == connect_timed_out) return WorkerSilence::late;
    return kind == malformed || kind == too_large ? WorkerSilence::foreign : WorkerSilence::nobody;
}

net::Task<std::expected<std::string, WorkerSilence>> call(net::Client& client, WorkerAddress worker, std::string method,
                                                          std::string path, Duration within = limits::worker_answer) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = {"http", "127.0.0.1", worker.port, std::move(path)};
    request.headers.set("Authorization", "Bearer " + worker.secret);
    request.timeouts = {within, within, within};
    request.answer_limit = mebibytes(1);
    auto answer = co_await client.send(std::move(request));
    if (!answer) co_return std::unexpected(silence_of(answer.error().kind));
    if (answer->status / 100 != 2) co_return std::unexpected(WorkerSilence::foreign);
    co_return std::move(answer->body);
}

template <class T>
std::expected<T, WorkerSilence> parse(const std::expected<std::string, WorkerSilence>& body) {
    if (!body) return std::unexpected(body.error());
    auto value = reflect::from_json_text<T>(*body);
    if (!value) return std::unexpected(WorkerSilence::foreign);
    return std::move(*value);
}

}  // namespace

net::Task<std::expected<contracts::WorkerHealth, WorkerSilence>> ask_health(net::Client& client, WorkerAddress worker,
                                                                            Duration within) {
    const auto body = co_await call(client, std::move(worker), "GET", "/health", within);
    co_return parse<contracts::WorkerHealth>(body);
}

net::Task<std::expected<contracts::WorkerCapabilities, WorkerSilence>> ask_capabilities(net::Client& client,
                                                                                        WorkerAddress worker) {
    const auto body = co_await call(client, std::move(worker), "GET", "/capabilities");
    co_return parse<contracts::WorkerCapabilities>(body);
}

net::Task<std::expected<void, WorkerSilence>> ask_shutdown(net::Client& client, WorkerAddress worker) {
    const auto body = co_await call(client, std::move(worker), "POST", "/shutdown");
    if (!body) co_return std::unexpected(body.error());
    co_return std::expected<void, WorkerSilence>{};
}

std::string worker_url(std::uint16_t port) {
    return fmt::format("http://127.0.0.1:{}", port);
}

}  // namespace rbees::poold
