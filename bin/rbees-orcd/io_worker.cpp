#include "io_worker.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "access_check.hpp"
#include "rbees/http_api/answers.hpp"

namespace rbees::orcd {
namespace {

/// Operations whose first byte is a token.
bool is_generation(std::string_view operation) {
    return operation == "chat_completions" || operation == "completions";
}

/// Counts one as long as it lives.
class Running {
  public:
    explicit Running(http_api::Gauge gauge) : gauge_(gauge) { gauge_.add(1); }
    ~Running() { gauge_.add(-1); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    http_api::Gauge gauge_;
};

net::Task<void> answer_counted(http_api::Gauge running, net::Handler answer, net::Exchange& exchange) {
    const Running counted(running);
    co_await answer(exchange);
}

}  // namespace

IoWorker::IoWorker(IoWorkerParts parts, std::uint16_t number)
    : settings_(parts.settings),
      bodies_(std::move(parts.bodies)),
      metrics_(parts.metrics),
      number_(number),
      log_(parts.log.module("http")),
      gateway_(io_, parts.control, holder_, metrics_, number),
      api_({io_, parts.control, holder_, gateway_, metrics_, number}, std::move(parts.shut_down)),
      first_token_(metrics_.histogram("rbees_time_to_first_token_seconds")),
      running_(metrics_.gauge("rbees_requests_running")),
      router_(contracts::orcd_routes(), api_.handlers(), access_check(holder_, settings_), log_, observer()) {}

Result<void> IoWorker::listen(std::vector<std::pair<std::string, std::uint16_t>>& listen) {
    const auto use = number_ == 1 ? net::PortUse::own : net::PortUse::join;
    for (auto& [host, port] : listen) {
        auto server = std::make_unique<net::Server>(io_, limits(), handler(), http_api::server_error_body(), log_);
        server->check_heads(router_.head_check());
        const auto bound = server->listen(host, port, use);
        if (!bound) return std::unexpected(bound.error());
        port = *bound;
        servers_.push_back(std::move(server));
    }
    return {};
}

void IoWorker::show(std::shared_ptr<const orchestrator::FleetView> view) {
    boost::asio::post(io_, [this, view = std::move(view)]() mutable { holder_.view = std::move(view); });
}

void IoWorker::drain(std::function<void()> drained) {
    boost::asio::post(io_, [this, drained = std::move(drained)] {
        api_.release_held();
        auto left = std::make_shared<std::size_t>(servers_.size());
        for (auto& server : servers_) {
            server->drain([left, drained] {
                if (--*left == 0) drained();
            });
        }
    });
}

net::ServerLimits IoWorker::limits() const {
    net::ServerLimits limits;
    limits.body = settings_.body_limit;
    limits.connections = settings_.connection_limit;
    limits.bodies = bodies_;
    return limits;
}

net::Handler IoWorker::handler() {
    return [this, answer = router_.handler()](net::Exchange& exchange) {
        return answer_counted(running_, answer, exchange);
    };
}

http_api::Observer IoWorker::observer() {
    return [this](const http_api::Answered& answered) {
        const auto operation = answered.route == nullptr ? "none" : answered.route->operation;
        metrics_.counter("rbees_requests_total", {operation, std::to_string(answered.status)}).add();
        metrics_.histogram("rbees_request_duration_seconds", {operation}).observe(answered.ended - answered.started);
        if (is_generation(operation) && answered.status == 200) {
            first_token_.observe(answered.first_byte - answered.started);
        }
    };
}

}  // namespace rbees::orcd
