#pragma once
/// @file
/// The one loop: command, decision, records, state, journal, and only then reply and effects.
///
/// State changes at once in memory, so that the next command sees it; replies, effects and reads wait behind the output
/// gate, but for the effects that run ahead (`runs_ahead`). The same loop, unchanged, runs in rbees-orcd and in tests.
///
/// Not thread-safe; everything happens on the kernel's thread.

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/kernel/output_gate.hpp"
#include "rbees/kernel/state.hpp"

namespace rbees::kernel {

/// Runs an effect. Called on the kernel's thread once its records are on disk, or within `submit` for one that runs
/// ahead; its outcome comes back as a command.
using EffectRunner = std::function<void(const Effect& effect)>;

/// What one command may write. Bodies are bounded where they come in; this holds for whatever comes, so that no request
/// can ask the journal for more than it takes. A command that would is refused with BODY_TOO_LARGE, and nothing
/// changes.
namespace limits {

/// One record. It holds no text of a task: that is in payloads.
inline constexpr Bytes record_max = mebibytes(1);

/// All records, counted twice because rows repeat them, and all payloads. What else is in the rows that are touched
/// fits between this and the journal's own bound of 16 MiB.
inline constexpr Bytes batch_max = mebibytes(12);

}  // namespace limits

/// Counts for metrics.
struct LoopCounters {
    std::uint64_t commands = 0;
    std::uint64_t refusals = 0;
    std::uint64_t records = 0;
};

class Loop {
  public:
    /// Whether the command was taken; the state already shows it when the reply comes.
    using Outcome = std::expected<void, contracts::Problem>;
    using Reply = std::move_only_function<void(const Outcome& outcome)>;

    /// `state` is what recovery found. `journal` must outlive the loop.
    Loop(State state, JournalPort& journal, EffectRunner effects);

    /// Decides the command and applies it. `reply` is called once its records are on disk. Refused with the domain's
    /// Problem, with BODY_TOO_LARGE above a limit, or with STORAGE_FULL or STORAGE_FAILED when the journal takes
    /// nothing more.
    void submit(const Command& command, WallTime at, Reply reply);

    /// Calls `read` when everything that the state shows now is on disk: for answers to reads.
    void when_durable(OutputGate::Output read) { gate_.hold(std::move(read)); }

    [[nodiscard]] const State& state() const { return state_; }
    [[nodiscard]] const LoopCounters& counters() const { return counters_; }

  private:
    /// A decision, and its records as they will be written.
    struct Prepared {
        Decision decision;
        std::vector<RecordText> records;
    };

    [[nodiscard]] std::expected<Prepared, contracts::Problem> decide_if_admitted(const Command& command) const;
    [[nodiscard]] std::optional<contracts::Problem> size_fault(const Prepared& prepared) const;
    void append(Prepared& prepared, Urgency urgency, WallTime at);

    State state_;
    JournalPort& journal_;
    EffectRunner effects_;
    OutputGate gate_;
    LoopCounters counters_;
};

}  // namespace rbees::kernel
