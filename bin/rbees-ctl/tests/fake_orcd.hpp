#pragma once
/// @file
/// A rbees-orcd of net::Server on a thread of its own: answers what a test tells it to, and remembers what was asked.

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rbees/net/server.hpp"

namespace rbees::ctl {

class FakeOrcd {
  public:
    using Answer = std::function<net::Response(const net::Request& request)>;

    FakeOrcd() : server_(io_, {}, [this](net::Exchange& exchange) { return handle(exchange); }, error_body(), {}) {
        port_ = server_.listen("127.0.0.1", 0).value();
        thread_ = std::thread([this] { io_.run(); });
    }

    ~FakeOrcd() {
        io_.stop();
        thread_.join();
    }

    FakeOrcd(const FakeOrcd&) = delete;
    FakeOrcd& operator=(const FakeOrcd&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// What to answer to "GET /v2/models". Called on the server's thread.
    void on(const std::string& method_and_path, Answer answer) {
        const std::scoped_lock lock(mutex_);
        answers_[method_and_path] = std::move(answer);
    }

    void on(const std::string& method_and_path, int status, std::string body) {
        on(method_and_path, [status, body = std::move(body)](const net::Request&) {
            return net::Response{status, {{"Content-Type", "application/json"}}, body};
        });
    }

    /// Every request so far.
    [[nodiscard]] std::vector<net::Request> requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

  private:
    static net::ErrorBody error_body() {
        return [](const net::ServerError& error) { return net::Response{error.status, {}, std::string(error.detail)}; };
    }

    net::Response answer(const net::Request& request) {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
        const auto found = answers_.find(request.method + " " + request.path);
        if (found != answers_.end()) return found->second(request);
        return {404,
                {},
                R"({"title":"There is no such thing","detail":"nothing at )" + request.path +
                    R"(","code":"NOT_FOUND","request_id":"req-1"})"};
    }

    net::Task<void> handle(net::Exchange& exchange) {
        auto response = answer(exchange.request());
        [[maybe_unused]] const bool sent = co_await exchange.respond(std::move(response));
    }

    net::IoContext io_;
    net::Server server_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, Answer> answers_;
    std::vector<net::Request> requests_;
    std::thread thread_;
};

}  // namespace rbees::ctl
