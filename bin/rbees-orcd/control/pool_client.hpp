#pragma once
/// @file
/// orcd's calls to pool managers. Runs on the control thread; each call is one coroutine with a deadline.

#include <expected>
#include <string>

#include "rbees/contracts/models.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/client.hpp"
#include "rbees/orchestrator_core/presence.hpp"

namespace rbees::orcd {

/// Where a pool manager is reached, and with what.
struct PoolAddress {
    std::string url;
    std::string call_token;
};

/// What a pool manager refused, or POOL_UNAVAILABLE if it could not be asked.
using PoolAnswer = std::expected<void, contracts::Problem>;

class PoolClient {
  public:
    explicit PoolClient(net::IoContext& io) : client_(io) {}

    [[nodiscard]] net::Task<PoolAnswer> spawn(PoolAddress pool, contracts::SpawnWorker order);
    [[nodiscard]] net::Task<PoolAnswer> stop(PoolAddress pool, contracts::StopWorker order);
    [[nodiscard]] net::Task<PoolAnswer> download(PoolAddress pool, contracts::DownloadModel order);
    [[nodiscard]] net::Task<PoolAnswer> remove_model(PoolAddress pool, ModelId model);

  private:
    [[nodiscard]] net::Task<PoolAnswer> call(PoolAddress pool, std::string method, std::string target,
                                             std::string body);

    net::Client client_;
};

}  // namespace rbees::orcd
