#pragma once
/// @file
/// Orders to stop a worker that this node does not have.
///
/// Requests that wait in the sockets of a pool manager that stands still may be served in another order than they were
/// sent in: the stop of a worker first, and then its start, for which nobody waits any more. A worker that was deleted
/// would serve again. So a stop that found nothing is remembered, and what it stopped is not started later.

#include <cstddef>
#include <deque>
#include <set>

#include "rbees/base/ids.hpp"

namespace rbees::pool {

/// The newest of these orders. A value, owned by the pool manager; it need not outlive it, since the requests that wait
/// die with their process. No id is used twice, so one that is remembered for long does no harm.
class EarlyStops {
  public:
    /// How many are remembered; far more than a socket's queue and the connections of a pool manager hold.
    static constexpr std::size_t kept_max = 4'096;

    /// A stop of this worker found nothing. May come again.
    void note(const WorkerId& worker);

    /// Whether the worker was to be stopped before it was started.
    [[nodiscard]] bool contains(const WorkerId& worker) const { return workers_.contains(worker); }

  private:
    std::set<WorkerId> workers_;
    std::deque<WorkerId> oldest_first_;
};

}  // namespace rbees::pool
