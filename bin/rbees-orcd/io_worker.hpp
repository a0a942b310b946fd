#pragma once
/// @file
/// One I/O thread: its loop, its servers, and its own gateway, handlers and picture of the fleet. Threads share nothing
/// but slot counters, metrics and the control thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/api.hpp"
#include "gateway/gateway.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/net/server.hpp"
#include "settings.hpp"

namespace rbees::orcd {

/// What all I/O threads share.
struct IoWorkerParts {
    const Settings& settings;
    Control& control;
    http_api::Metrics& metrics;
    std::function<void()> shut_down;          ///< may be called on any I/O thread
    std::shared_ptr<net::BodyBudget> bodies;  ///< of all servers
    Logger log;
};

/// A loop that can let go of what is pending on it before its own end.
class Loop : public net::IoContext {
  public:
    using net::IoContext::IoContext;

    /// Destroys every pending coroutine and handler. The loop must not run, now or ever again.
    void drop_pending() { shutdown(); }
};

class IoWorker {
  public:
    /// `number` counts the I/O threads from 1. What `parts` refers to must outlive it.
    IoWorker(IoWorkerParts parts, std::uint16_t number);

    /// Binds every address of `listen`; port 0 becomes the port that was taken, so that later threads join it.
    [[nodiscard]] Result<void> listen(std::vector<std::pair<std::string, std::uint16_t>>& listen);

    /// Hands this thread a new picture. Thread-safe.
    void show(std::shared_ptr<const orchestrator::FleetView> view);

    /// Runs the loop until `stop`.
    void run() { io_.run(); }

    /// Finishes what runs, then calls `drained` on this thread. Thread-safe.
    void drain(std::function<void()> drained);

    /// Ends the loop. Thread-safe.
    void stop() { io_.stop(); }

    /// Destroys what is pending, while everything that it refers to is still there. After the thread has ended.
    void drop_pending() { io_.drop_pending(); }

  private:
    [[nodiscard]] net::ServerLimits limits() const;
    [[nodiscard]] http_api::Observer observer();
    [[nodiscard]] net::Handler handler();

    Loop io_{1};
    const Settings& settings_;
    std::shared_ptr<net::BodyBudget> bodies_;
    http_api::Metrics& metrics_;
    std::uint16_t number_;
    Logger log_;
    ViewHolder holder_;
    Gateway gateway_;
    Api api_;
    http_api::Histogram first_token_;
    http_api::Gauge running_;
    http_api::Router router_;
    std::vector<std::unique_ptr<net::Server>> servers_;
};

}  // namespace rbees::orcd
