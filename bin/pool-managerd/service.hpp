#pragma once
/// @file
/// The pool manager as a whole: its parts, wired, started and stopped.

#include <memory>

#include "devices/gpu_driver.hpp"
#include "identity.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/net/task.hpp"
#include "settings.hpp"

namespace rbees::poold {

/// Used on the loop's thread, destroyed before the loop. Folders and lock of the home are the caller's.
class Service {
  public:
    Service(net::IoContext& io, Settings settings, Identity identity, std::unique_ptr<GpuDriver> gpus, Logger log);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Adopts the workers of an earlier run, listens, writes the process file, registers with orcd; all on the loop.
    /// If nothing can be listened on, the loop stops and `failure` says why.
    void start();

    /// Answers what is under way, then stops the loop. Workers are kept unless asked otherwise.
    void drain(contracts::WorkersAtExit workers);

    /// Stops the loop at once.
    void stop_now();

    /// Why it could not start.
    [[nodiscard]] const std::optional<Failure>& failure() const;

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace rbees::poold
