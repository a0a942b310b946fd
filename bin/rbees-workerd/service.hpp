#pragma once
/// @file
/// The process: listens first, then loads, tells its pool manager, serves, drains, ends.
///
/// A worker outlives its pool manager on purpose (a restarted one adopts it), so nothing here watches the parent.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "limits.hpp"
#include "loading.hpp"
#include "pool_reports.hpp"
#include "progress_steps.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/base/log.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/task.hpp"
#include "worker.hpp"

namespace rbees::workerd {

/// One worker over its whole life. Everything happens on the loop that it is given; make, use and destroy it on that
/// thread. Must outlive the loop's last run.
class Service {
  public:
    /// Ends the process at once, because something that cannot be stopped is running; a test notes the code instead.
    using LeaveAtOnce = std::function<void(ExitCode code)>;

    struct Environs {
        EngineLoader loader;
        LeaveAtOnce leave_at_once;
        Logger log;
        Patience patience;
        pool::ExecutionLimits executions = {};  ///< how many is settled by the slots
    };

    Service(net::IoContext& io, Settings settings, std::string secret, Environs environs);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Listens and begins to load. Fails with the reason when the port is taken. Returns the port.
    [[nodiscard]] Result<std::uint16_t> start();

    /// Finishes the work in flight, then stops the loop with `ok`. While the model loads: leaves at once.
    void drain();

    /// Cuts everything off.
    void stop_now();

    /// How it ended; valid when the loop has stopped.
    [[nodiscard]] ExitCode exit_code() const { return exit_code_; }

    /// Why the model could not be loaded, for a person who started the worker by hand.
    [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

  private:
    void begin_loading();
    void note_progress(double progress);
    void note_loaded(Loaded loaded);
    void note_load_failure(const engine::LoadError& error);
    void note_lost();
    void finish(ExitCode code);
    [[nodiscard]] contracts::WorkerReady report() const;

    net::IoContext& io_;
    Settings settings_;
    Environs environs_;
    Logger log_;
    ExitCode exit_code_ = ExitCode::ok;
    std::uint16_t port_ = 0;
    std::optional<Failure> failure_;  ///< of the load; then only the report of it is still on its way
    ProgressSteps steps_;
    Worker worker_;
    http_api::Router router_;
    net::Server server_;
    PoolReports reports_;
    std::optional<Loading> loading_;
};

}  // namespace rbees::workerd
