#pragma once
/// @file
/// An exchange without a connection: keeps what a handler answers.

#include <functional>
#include <string>
#include <utility>

#include "rbees/net/run.hpp"
#include "rbees/net/server.hpp"

namespace rbees::http_api {

class FakeExchange final : public net::Exchange {
  public:
    explicit FakeExchange(net::Request request) : request_(std::move(request)) {}

    [[nodiscard]] const net::Request& request() const override { return request_; }
    [[nodiscard]] net::Request& request() override { return request_; }

    net::Task<bool> respond(net::Response response) override {
        answer = std::move(response);
        is_whole = true;
        co_return true;
    }
    net::Task<bool> start(net::Response head) override {
        answer = std::move(head);
        co_return true;
    }
    net::Task<bool> write(std::string piece) override {
        answer.body += piece;
        co_return true;
    }
    net::Task<bool> finish() override {
        is_whole = true;
        co_return true;
    }
    void when_client_leaves(std::function<void()> /*left*/) override {}

    net::Response answer{.status = 0};
    bool is_whole = false;

  private:
    net::Request request_;
};

/// A request as the server hands it over.
inline net::Request request(std::string method, std::string target, net::Fields headers = {}, std::string body = {}) {
    net::Request made;
    made.method = std::move(method);
    made.path = target.substr(0, target.find('?'));
    made.target = std::move(target);
    made.headers = std::move(headers);
    made.body = std::move(body);
    made.peer = "127.0.0.1:40000";
    return made;
}

/// Runs a handler to its end.
inline void serve(const net::Handler& handler, net::Exchange& exchange) {
    struct Run {
        static net::Task<bool> task(const net::Handler* handler, net::Exchange* exchange) {
            co_await (*handler)(*exchange);
            co_return true;
        }
    };
    net::IoContext io;
    net::run(io, Run::task(&handler, &exchange));
}

}  // namespace rbees::http_api
