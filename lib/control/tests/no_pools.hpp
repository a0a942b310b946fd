#pragma once
/// @file
/// Pool managers of the tests: nobody is there, unless a test says what they answer.

#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "rbees/control/pool_port.hpp"

namespace rbees::control {

/// Pool managers that nobody can reach: orders are lost.
class NoPools : public PoolPort {
  public:
    void spawn(PoolAddress, contracts::SpawnWorker order, PoolReply reply) override {
        spawns.push_back(std::move(order.worker_id));
        answer(std::move(reply));
    }
    void stop(PoolAddress, contracts::StopWorker order, PoolReply reply) override {
        stops.push_back(std::move(order.worker_id));
        answer(std::move(reply));
    }
    void download(PoolAddress, contracts::DownloadModel order, DownloadReply reply) override {
        downloads.push_back(std::move(order));
        if (downloading) return reply(*downloading);
        lose(reply);
    }
    void remove_model(PoolAddress, ModelId model, PoolReply reply) override {
        removals.push_back(std::move(model));
        if (removed) return reply(*removed);
        lose(reply);
    }

    /// What they are asked.
    std::vector<WorkerId> spawns;
    std::vector<WorkerId> stops;
    std::vector<contracts::DownloadModel> downloads;
    std::vector<ModelId> removals;

    /// What every order to download, or to remove a model, is answered with, if it is not lost.
    std::optional<contracts::DownloadReport> downloading;
    std::optional<PoolAnswer> removed;

    /// Of every order to start or stop a worker, if there is one.
    std::optional<contracts::Problem> refusal;
    bool taken = false;  ///< orders to start or stop workers are
    bool holds = false;  ///< they are not answered before `lose_all`

    void lose_all() {
        for (const auto& reply : std::exchange(held_, {})) {
            lose(reply);
        }
    }

  private:
    void answer(PoolReply reply) {
        if (refusal) return reply(std::unexpected(*refusal));
        if (taken) return reply({});
        if (holds) return held_.push_back(std::move(reply));
        lose(reply);
    }
    static void lose(const auto& reply) {
        reply(std::unexpected(contracts::Problem{.code = contracts::ErrorCode::POOL_UNAVAILABLE, .detail = "lost"}));
    }

    std::vector<PoolReply> held_;
};

}  // namespace rbees::control
