#pragma once
/// @file
/// A worker's executions: generations that belong to a lease, not to a connection (ARCHITECTURE.md; decision 0009).
///
/// What a generation made stays here until orcd has said that it is on disk. orcd may lose its connection, or its life,
/// and attach again behind the last token that it has. A lease that nobody renews ends the generation, so a worker that
/// was given up never works on for nobody. Of a job's attempts only the newest is served: an older one that comes late
/// is refused, which is the worker's half of the fence.
///
/// Pure: time comes in with each call. Not thread-safe; lives on the worker's loop. The simulator runs the same class.

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/options.hpp"

namespace rbees::pool {

/// Names an execution.
struct ExecutionKey {
    JobId job;
    std::uint32_t attempt = 0;

    auto operator<=>(const ExecutionKey&) const = default;
};

/// A piece of an execution's stream.
struct ExecutionEvent {
    std::string name;         ///< "start", "token", "end", "error"
    std::string data;         ///< JSON
    std::uint64_t first = 0;  ///< index of its first token; of `start`, of the first one that will come
    std::uint64_t count = 0;  ///< of a token event: how many
    std::uint64_t place = 0;  ///< in the execution's stream, from 1; the book sets it

    bool operator==(const ExecutionEvent&) const = default;
};

/// Why the book refuses.
enum class ExecutionRefusal : std::uint8_t {
    unknown,  ///< no such execution: it never was, its lease ended, or it was released (404)
    fenced,   ///< a newer attempt of the job was seen, or this one is over and does not begin again (409)
    full,     ///< as many executions as there may be (429)
};

/// What a worker may keep, and for how long.
struct ExecutionLimits {
    Duration lease = contracts::default_duration("tasks.lease");
    std::size_t executions_max = 256;
    std::uint64_t buffered_tokens_max = 4'096;              ///< of one execution, then it pauses
    std::size_t buffered_bytes_max = std::size_t{1} << 20;  ///< likewise; of its tokens, not of its start
    Duration attempts_remembered = std::chrono::minutes(10);
    std::size_t attempts_remembered_max = 4'096;  ///< jobs
};

class ExecutionBook {
  public:
    explicit ExecutionBook(ExecutionLimits limits = {}) : limits_(limits) {}

    /// What came of an order.
    struct Begun {
        bool is_new = false;                 ///< else it is known, and nothing is to be started
        std::vector<ExecutionKey> outdated;  ///< older attempts of the job: to be cancelled
    };
    [[nodiscard]] std::expected<Begun, ExecutionRefusal> begin(const ExecutionKey& key, Instant now);

    /// The order was refused by the engine: as if it had not come. The same pair may be ordered again.
    void withdraw(const ExecutionKey& key);

    /// The generation cannot go on once it stopped: it never pauses, its buffer may grow to the request's token limit.
    void let_grow(const ExecutionKey& key);

    /// The generation made something. Tells whether it may go on; false: it must pause. No effect for an unknown one.
    [[nodiscard]] bool push(const ExecutionKey& key, ExecutionEvent event);

    /// Everything that is kept and lies behind token `after` (nothing: from the start), the end included. Renews the
    /// lease.
    [[nodiscard]] std::expected<std::vector<ExecutionEvent>, ExecutionRefusal> attach(
        const ExecutionKey& key, std::optional<std::uint64_t> after, Instant now);

    /// Where the stream has come to, and what is kept of it behind that place: for whoever attached and reads on.
    [[nodiscard]] std::uint64_t last_place(const ExecutionKey& key) const;
    [[nodiscard]] std::vector<ExecutionEvent> behind(const ExecutionKey& key, std::uint64_t place) const;

    /// orcd has everything through that token on disk. Renews the lease. True if the generation paused and may go on,
    /// because half of the buffer is free.
    [[nodiscard]] std::expected<bool, ExecutionRefusal> acknowledge(const ExecutionKey& key,
                                                                    std::optional<std::uint64_t> through, Instant now);

    /// The end is on disk, or nobody wants it: the execution is forgotten, the attempt's number is not.
    void release(const ExecutionKey& key);

    /// The same for an attempt whose order may still be on its way: it is refused then.
    void cancel(const ExecutionKey& key, Instant now);

    /// Takes out the executions whose lease has ended: to be cancelled.
    [[nodiscard]] std::vector<ExecutionKey> expire(Instant now);

    [[nodiscard]] std::optional<Instant> next_expiry() const;
    [[nodiscard]] std::optional<contracts::ExecutionState> state_of(const ExecutionKey& key) const;
    [[nodiscard]] std::size_t size() const { return executions_.size(); }
    [[nodiscard]] const ExecutionLimits& limits() const { return limits_; }

  private:
    struct Execution {
        contracts::ExecutionState state = contracts::ExecutionState::running;
        Instant lease_end{};
        std::deque<ExecutionEvent> events;  ///< not acknowledged yet; their places follow on each other
        std::uint64_t last_place = 0;
        std::uint64_t kept_tokens = 0;
        std::size_t kept_bytes = 0;
        bool may_grow = false;
    };
    /// The newest attempt seen of a job.
    struct Memory {
        std::uint32_t attempt = 0;
        Instant seen{};  ///< last
        bool is_over = false;
    };

    void remember(const ExecutionKey& key, Memory memory);
    void forget_old(Instant now);
    [[nodiscard]] bool is_fenced(const ExecutionKey& key) const;
    [[nodiscard]] bool is_full(const Execution& execution) const;
    [[nodiscard]] bool has_room(const Execution& execution) const;
    [[nodiscard]] std::expected<Execution*, ExecutionRefusal> find(const ExecutionKey& key);

    ExecutionLimits limits_;
    std::map<ExecutionKey, Execution> executions_;
    std::map<JobId, Memory> newest_;
};

}  // namespace rbees::pool
