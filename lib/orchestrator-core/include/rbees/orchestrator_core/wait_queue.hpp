#pragma once
/// @file
/// The one queue: requests and tasks that found no free slot, or whose model is not loaded yet. Lives in the control
/// thread.
///
/// For each model: interactive ones before batch ones, of which those that waited `promote_after` count as interactive;
/// in a class the owners take turns, of an owner its sessions, and in a session it is first come, first served. Turns
/// are round robin by request (as in Nagle's fair queuing, RFC 970): one who asks a thousand times delays the others by
/// one request, not by a thousand.
///
/// Pure: time comes in with each call. Not thread-safe.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/tasks.hpp"
#include "rbees/orchestrator_core/turn_ring.hpp"

namespace rbees::orchestrator {

enum class WaitId : std::uint64_t {};

/// One that waits.
struct Wait {
    WaitId id{};
    ModelId model;
    Instant deadline = Instant::max();  ///< it is refused then
    contracts::Priority priority = contracts::Priority::interactive;
    std::string owner;    ///< whose turn it takes: a token
    std::string session;  ///< of the owner; may be empty
    Instant joined{};
    std::uint64_t order = 0;  ///< of arrival; set by the queue
};

enum class WaitError : std::uint8_t {
    full,  ///< as many wait as `queue.capacity` allows
};

class WaitQueue {
  public:
    explicit WaitQueue(std::size_t capacity, Duration promote_after = std::chrono::minutes(5))
        : capacity_(capacity), promote_after_(promote_after) {}

    /// Joins the end of its line. Returns how many of the same model are served before it, at most.
    [[nodiscard]] std::expected<std::size_t, WaitError> join(Wait wait);

    /// The same for one that was admitted before: a durable job, whose place is not refused any more.
    std::size_t join_admitted(Wait wait);

    /// Takes out the one whose turn it is.
    [[nodiscard]] std::optional<Wait> next(const ModelId& model, Instant now);

    /// Puts one back to the front: its slot was gone when it came to take it. Never refused, as it was admitted before;
    /// if others joined meanwhile, the queue is over its capacity by so many.
    void put_back(Wait wait);

    /// Takes out the request that left; nothing if it is not here.
    std::optional<Wait> leave(WaitId id);

    /// Takes out everything whose deadline has passed, the earliest first.
    [[nodiscard]] std::vector<Wait> expired(Instant now);

    /// Takes out every request for the model, in the order of arrival.
    [[nodiscard]] std::vector<Wait> take_all(const ModelId& model);

    /// The batch one that has waited longest, whatever its model: what leaves first under `drop-lru`.
    [[nodiscard]] std::optional<WaitId> oldest_batch() const;

    [[nodiscard]] std::optional<Instant> next_deadline() const;
    [[nodiscard]] std::vector<ModelId> models() const;  ///< that somebody waits for
    [[nodiscard]] bool waits_for(const ModelId& model) const { return models_.contains(model); }

    /// How many of the model are served before one that would join now, at most.
    [[nodiscard]] std::size_t before(const ModelId& model, contracts::Priority priority) const;

    /// The same for one that waits.
    [[nodiscard]] std::size_t before(WaitId id) const;

    [[nodiscard]] std::size_t size() const { return places_.size(); }

    /// Those that count as batch: one that was promoted counts as interactive.
    [[nodiscard]] std::size_t batch_size() const { return batch_.size(); }

  private:
    using Session = std::list<Wait>;
    using Owner = TurnRing<Session>;

    /// One priority of one model.
    struct Class {
        TurnRing<Owner> owners;
        std::size_t size = 0;
    };
    using Model = std::map<contracts::Priority, Class>;

    /// Where it stands, noted; and all notes of it dropped.
    void note(Session::iterator place);
    void forget(const Wait& wait);
    [[nodiscard]] Wait take(WaitId id);
    void promote(Instant now);

    std::size_t capacity_;
    Duration promote_after_;
    std::uint64_t arrivals_ = 0;
    std::map<ModelId, Model> models_;  ///< no empty ones
    std::unordered_map<WaitId, Session::iterator> places_;
    std::set<std::pair<Instant, WaitId>> deadlines_;
    std::map<std::uint64_t, WaitId> batch_;  ///< that are not promoted yet, by arrival
};

}  // namespace rbees::orchestrator
