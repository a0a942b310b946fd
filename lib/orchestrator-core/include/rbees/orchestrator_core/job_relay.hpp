#pragma once
/// @file
/// orcd's side of a running attempt: from the worker's stream to stored frames, acknowledgements and the end.
///
/// What came from the worker waits here until it is on disk; only then is it acknowledged, so a worker keeps what orcd
/// may still need after a crash. One commit is under way at a time and takes everything that came meanwhile, so one
/// fsync serves many tokens.
///
/// Pure: it tells what is to be done and is told what happened. Not thread-safe; lives on the control thread. The same
/// class runs in the simulator.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/orchestrator_core/job.hpp"
#include "rbees/orchestrator_core/job_types.hpp"

namespace rbees::orchestrator {

/// Submit a StoreFrames command with these members.
struct StoreNow {
    std::vector<Frame> frames;
    std::vector<std::int32_t> ids;
    Tokens tokens;
    std::optional<contracts::ExecutionStart> start;
};
/// Tell the worker what is stored: through this token, or nothing yet (which only renews the lease).
struct AckNow {
    std::optional<std::uint64_t> through;
};
/// Submit a CompleteJob command.
struct CompleteNow {
    contracts::ExecutionEnd end;
};
/// Submit a FailAttempt command.
struct FailNow {
    AttemptFault fault = AttemptFault::worker_lost;
    contracts::TaskError error;
};
/// Attach to the worker's stream behind the last token that came.
struct AttachNow {
    std::optional<std::uint64_t> after;
};
using RelayAction = std::variant<StoreNow, AckNow, CompleteNow, FailNow, AttachNow>;
using RelayActions = std::vector<RelayAction>;

class JobRelay {
  public:
    /// For the attempt of the job as it is stored: a new one, or one that ran on while orcd was away.
    explicit JobRelay(const Job& job);

    /// The worker has the execution: attaches.
    [[nodiscard]] RelayActions accepted() const;

    // What the stream brings.
    /// The attempt's first word. It waits for the first token, so that one commit holds both, or for `idle`.
    [[nodiscard]] RelayActions started(const contracts::ExecutionStart& start);
    /// Nothing came for a moment: what waits is submitted.
    [[nodiscard]] RelayActions idle();
    [[nodiscard]] RelayActions token(contracts::ExecutionToken token);
    [[nodiscard]] RelayActions ended(contracts::ExecutionEnd end);
    [[nodiscard]] RelayActions failed(AttemptFault fault, contracts::TaskError error);

    /// The stream broke, and the worker may live: attaches again.
    [[nodiscard]] RelayActions disconnected() const;

    /// What was submitted last is on disk. A submission that is refused for lack of space is repeated until it is.
    [[nodiscard]] RelayActions stored();

    /// Whether more may be read from the worker; false while too much waits for the disk.
    [[nodiscard]] bool may_read() const { return pending_.bytes < pending_bytes_max; }

    /// The lease is to be renewed: says what is stored.
    [[nodiscard]] AckNow renewal() const;

    /// Text that waits for the disk, at most; then the worker's stream is not read.
    static constexpr std::size_t pending_bytes_max = std::size_t{1} << 20;

  private:
    /// What came since the last submission.
    struct Pending {
        std::vector<contracts::ExecutionToken> tokens;
        std::optional<contracts::ExecutionStart> start;
        std::size_t bytes = 0;
    };

    [[nodiscard]] RelayActions flush();
    [[nodiscard]] RelayActions finish(RelayAction last);
    [[nodiscard]] StoreNow take_pending();
    [[nodiscard]] std::optional<std::uint64_t> last_of(std::uint64_t count) const;

    JobId job_;
    std::uint32_t attempt_;
    std::optional<WorkerId> worker_;
    std::uint64_t next_;    ///< index of the token that is awaited
    std::uint64_t stored_;  ///< tokens that are on disk
    bool has_started_;      ///< the client's `started` frame is stored or on its way
    bool knows_start_ = false;
    Pending pending_;
    std::optional<StoreNow> submitted_;  ///< on its way to the disk
    std::optional<RelayAction> last_;    ///< the attempt's end, done once everything before it is stored
};

}  // namespace rbees::orchestrator
