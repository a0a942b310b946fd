#pragma once
/// @file
/// One worker as its routes see it: loading, then serving, then draining.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine_metrics.hpp"
#include "epoch_gate.hpp"
#include "executions.hpp"
#include "inference.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"
#include "readers.hpp"
#include "task_book.hpp"

namespace rbees::workerd {

/// Who this worker is, settled before it starts.
struct Identity {
    WorkerId worker;
    ModelId model;
    std::string secret;  ///< opens every route
};

/// Used on the loop's thread only. Must outlive the server whose requests it answers.
class Worker {
  public:
    Worker(net::IoContext& io, Identity identity, Logger log, pool::ExecutionLimits limits = {});
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// The handlers of contracts::worker_routes().
    [[nodiscard]] http_api::Handlers handlers();

    /// The spawn secret opens everything, and nothing else opens anything.
    [[nodiscard]] http_api::AccessCheck access() const;

    /// Called after POST /shutdown was answered; may come more than once.
    void when_told_to_stop(std::function<void()> stop) { told_to_stop_ = std::move(stop); }

    /// How much of the model is loaded, 0 to 1.
    void note_progress(double progress) { progress_ = progress; }

    /// The model is loaded: from now on it is served.
    void open(std::unique_ptr<engine::Engine> engine);

    /// Takes nothing new; calls `drained` when the last answer has ended.
    void drain(std::function<void()> drained);

    [[nodiscard]] bool is_loading() const { return phase_ == Phase::loading; }
    [[nodiscard]] bool is_draining() const { return phase_ == Phase::draining; }

    /// What the loaded model can do.
    [[nodiscard]] contracts::WorkerCapabilities capabilities() const;

    /// What it takes of the device that it runs on: of the GPU, else of the machine; nothing if that is not known.
    [[nodiscard]] std::optional<Bytes> memory() const;

  private:
    enum class Phase : std::uint8_t { loading, serving, draining };

    [[nodiscard]] net::Task<void> infer(http_api::Call& call, engine::Operation operation, Beginning beginning);
    using Route = net::Task<void> (Executions::*)(http_api::Call& call);
    using PlainRoute = net::Response (Executions::*)(const http_api::Call& call);
    [[nodiscard]] net::Task<void> execute(http_api::Call& call, Route route);
    [[nodiscard]] net::Response execute(const http_api::Call& call, PlainRoute route);
    [[nodiscard]] net::Task<void> shut_down(http_api::Call& call);
    [[nodiscard]] net::Response cancel(const http_api::Call& call);
    [[nodiscard]] net::Response answer_capabilities(const http_api::Call& call) const;
    [[nodiscard]] net::Task<void> answer_metrics(http_api::Call& call);
    [[nodiscard]] net::Task<void> count_engine();
    [[nodiscard]] contracts::WorkerHealth health() const;
    [[nodiscard]] contracts::Problem not_serving() const;

    net::IoContext& io_;
    Identity identity_;
    Logger log_;
    Instant started_;
    Phase phase_ = Phase::loading;
    double progress_ = 0;
    std::function<void()> told_to_stop_;
    std::shared_ptr<TaskBook> tasks_;
    http_api::Metrics metrics_;
    EngineMetrics engine_metrics_;
    EpochGate epochs_;
    pool::ExecutionLimits limits_;
    std::unique_ptr<Inference> inference_;    ///< from `open` on
    std::unique_ptr<Executions> executions_;  ///< likewise
    Readers counting_{1};                     ///< asks the engine; last, so that it ends before that
};

}  // namespace rbees::workerd
