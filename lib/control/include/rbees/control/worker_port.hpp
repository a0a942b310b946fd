#pragma once
/// @file
/// How workers are asked to run attempts of durable jobs. A port: HTTP in rbees-orcd, a simulated network elsewhere.
///
/// A generation belongs to a lease at its worker, not to a connection: it is ordered by (job, attempt), which may be
/// repeated, attached to, again and again, and acknowledged, which renews the lease (contracts/executions.hpp).

#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/orchestrator_core/slots.hpp"

namespace rbees::control {

/// Where a worker is reached, and with what.
struct WorkerAddress {
    std::string url;
    std::string secret;
    orchestrator::Epoch epoch{};
};

struct AttemptKey {
    JobId job;
    std::uint32_t attempt = 0;

    auto operator<=>(const AttemptKey&) const = default;
};

/// Why the worker does not do what it was asked.
enum class WorkerFault : std::uint8_t {
    unreachable,  ///< no answer in time, or no way there: it may have done it all the same
    broken,       ///< the same, but it closed in the middle, or answered with an error of its own
    gone,         ///< nobody listens there any more
    not_now,      ///< an old ticket, draining, or full: another worker may
    unknown,      ///< it has no such execution: it never had, or the lease ended
    refused,      ///< the request is at fault, or cannot be continued: no worker will
};
struct WorkerRefusal {
    WorkerFault fault = WorkerFault::unreachable;
    contracts::TaskError error;
};

/// The stream broke, or was refused.
struct StreamCut {
    WorkerRefusal why;
};
/// What an attached stream brings.
using AttemptEvent = std::variant<contracts::ExecutionStart, contracts::ExecutionToken, contracts::ExecutionEnd,
                                  contracts::ExecutionError, StreamCut>;

/// An attached stream. Destroying it detaches; nothing comes then.
class Attachment {
  public:
    Attachment() = default;
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    virtual ~Attachment() = default;

    /// Asks for the next event; it comes once, later, never within the call. Not to be called again before it came, nor
    /// after an end, an error or a cut.
    virtual void read() = 0;
};

using WorkerReply = std::function<void(std::expected<void, WorkerRefusal> answer)>;
using AckReply = std::function<void(std::expected<Duration, WorkerRefusal> lease)>;
using OnEvent = std::function<void(AttemptEvent event)>;

/// Each call replies once, on the control thread, later, within a deadline of its own.
class WorkerPort {
  public:
    WorkerPort() = default;
    WorkerPort(const WorkerPort&) = delete;
    WorkerPort& operator=(const WorkerPort&) = delete;
    virtual ~WorkerPort() = default;

    /// Orders the attempt. A pair that the worker has already is no error.
    virtual void execute(WorkerAddress worker, contracts::Execute order, WorkerReply reply) = 0;

    /// Reads the attempt's stream behind token `after` (nothing: from its start).
    [[nodiscard]] virtual std::unique_ptr<Attachment> attach(WorkerAddress worker, AttemptKey key,
                                                             std::optional<std::uint64_t> after, OnEvent on_event) = 0;

    /// Says what is on disk; answers for how long the lease runs on.
    virtual void acknowledge(WorkerAddress worker, AttemptKey key, contracts::Acknowledge what, AckReply reply) = 0;

    /// Asks for its health only: whether it answers anything at all.
    virtual void ask_after(WorkerAddress worker, WorkerReply reply) = 0;

    /// The attempt is not wanted any more. If it does not arrive, the lease ends the generation.
    virtual void cancel(WorkerAddress worker, AttemptKey key) = 0;
};

}  // namespace rbees::control
