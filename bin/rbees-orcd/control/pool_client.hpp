#pragma once
/// @file
/// orcd's calls to pool managers. Runs on the control thread; each call is one coroutine with a deadline.

#include <expected>
#include <functional>
#include <string>

#include "rbees/control/pool_port.hpp"
#include "rbees/net/client.hpp"

namespace rbees::orcd {

class PoolClient : public control::PoolPort {
  public:
    explicit PoolClient(net::IoContext& io) : io_(io), client_(io) {}

    void spawn(control::PoolAddress pool, contracts::SpawnWorker order, control::PoolReply reply) override;
    void stop(control::PoolAddress pool, contracts::StopWorker order, control::PoolReply reply) override;
    void download(control::PoolAddress pool, contracts::DownloadModel order, control::DownloadReply reply) override;
    void remove_model(control::PoolAddress pool, ModelId model, control::PoolReply reply) override;

  private:
    /// What is asked of a pool manager.
    struct Order {
        std::string method;
        std::string target;
        std::string body;
    };

    /// The body of a pool manager's answer.
    using Body = std::expected<std::string, contracts::Problem>;
    using BodyReply = std::function<void(Body body)>;

    void start(control::PoolAddress pool, Order order, control::PoolReply reply);
    void ask_for_body(control::PoolAddress pool, Order order, BodyReply reply);
    [[nodiscard]] net::Task<void> call(control::PoolAddress pool, Order order, BodyReply reply);
    [[nodiscard]] net::Task<Body> ask(control::PoolAddress pool, Order order);

    net::IoContext& io_;
    net::Client client_;
};

}  // namespace rbees::orcd
