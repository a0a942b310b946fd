#pragma once
/// @file
/// What a worker tells its pool manager, in order, each until it is taken: progress, then ready, or why not.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "limits.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/task.hpp"

namespace rbees::workerd {

/// Used on the loop's thread only. A newer report replaces one that was not sent yet: only the latest is true.
class PoolReports {
  public:
    struct Address {
        net::Url url;
        std::string secret;  ///< shown as Bearer
    };

    /// Without an address nobody is told anything, and everything counts as told.
    PoolReports(net::IoContext& io, std::optional<Address> address, Logger log, Patience patience = {});
    ~PoolReports();
    PoolReports(const PoolReports&) = delete;
    PoolReports& operator=(const PoolReports&) = delete;

    /// Sends as soon as the one before is through. An attempt that fails or is not answered with 2xx is repeated.
    void post(contracts::WorkerReady report);

    /// Calls `lost` once, when nobody took a report for the whole patience: this worker belongs to nobody.
    void when_lost(std::function<void()> lost);

    /// Calls `told` once, when the last report was taken; at once if none waits.
    void when_told(std::function<void()> told);

  private:
    struct State;
    [[nodiscard]] static net::Task<void> send_all(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace rbees::workerd
