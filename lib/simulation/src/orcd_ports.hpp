#pragma once
/// @file
/// The ports of the control, over virtual time and the simulated network.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rbees/control/pool_port.hpp"
#include "rbees/control/worker_port.hpp"
#include "rbees/control/world.hpp"
#include "stage.hpp"

namespace rbees::simulation {

/// Ids and the wall clock outlive the lives of rbees-orcd.
struct Clockwork {
    Random random;
    std::uint64_t ids = 0;
    std::chrono::milliseconds wall_offset{};  ///< the clock was set
};

class SimWorld : public control::World {
  public:
    SimWorld(Process& orcd, Clockwork& clockwork) : orcd_(orcd), clockwork_(clockwork) {}

    [[nodiscard]] Instant now() const override { return orcd_.agenda().now(); }
    [[nodiscard]] WallTime wall_now() const override;
    [[nodiscard]] std::string new_uuid() override;
    [[nodiscard]] std::string new_salt() override;
    [[nodiscard]] std::unique_ptr<control::Timer> timer() override;
    void post(std::function<void()> task) override { orcd_.after({}, std::move(task)); }

  private:
    Process& orcd_;
    Clockwork& clockwork_;
};

class SimPools : public control::PoolPort {
  public:
    SimPools(Stage& stage, Process& orcd, Directory& directory) : stage_(stage), orcd_(orcd), directory_(directory) {}

    void spawn(control::PoolAddress pool, contracts::SpawnWorker order, control::PoolReply reply) override;
    void stop(control::PoolAddress pool, contracts::StopWorker order, control::PoolReply reply) override;
    void download(control::PoolAddress pool, contracts::DownloadModel order, control::DownloadReply reply) override;
    void remove_model(control::PoolAddress pool, ModelId model, control::PoolReply reply) override;

  private:
    void ask(const std::string& url, std::function<control::PoolAnswer(PoolNode&)> what, control::PoolReply reply);

    Stage& stage_;
    Process& orcd_;
    Directory& directory_;
};

class SimWorkers : public control::WorkerPort {
  public:
    SimWorkers(Stage& stage, Process& orcd, Directory& directory) : stage_(stage), orcd_(orcd), directory_(directory) {}

    void execute(control::WorkerAddress worker, contracts::Execute order, control::WorkerReply reply) override;
    [[nodiscard]] std::unique_ptr<control::Attachment> attach(control::WorkerAddress worker, control::AttemptKey key,
                                                              std::optional<std::uint64_t> after,
                                                              control::OnEvent on_event) override;
    void acknowledge(control::WorkerAddress worker, control::AttemptKey key, contracts::Acknowledge what,
                     control::AckReply reply) override;
    void ask_after(control::WorkerAddress worker, control::WorkerReply reply) override;
    void cancel(control::WorkerAddress worker, control::AttemptKey key) override;

  private:
    Stage& stage_;
    Process& orcd_;
    Directory& directory_;
};

/// What a failed call to a worker is for the control.
[[nodiscard]] control::WorkerRefusal refusal_of(CallFailure failure);

}  // namespace rbees::simulation
