#pragma once
/// @file
/// Many alarms on one timer: at most one for each job.

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "rbees/base/ids.hpp"

namespace rbees::control {

/// A value. `Time` is Instant for pauses, WallTime for what people asked for.
template <class Time>
class Alarms {
  public:
    /// Sets the job's alarm; one that was set is replaced.
    void set(const JobId& job, Time at) {
        drop(job);
        times_.emplace(job, at);
        order_.emplace(at, job);
    }

    void drop(const JobId& job) {
        const auto found = times_.find(job);
        if (found == times_.end()) return;
        order_.erase({found->second, job});
        times_.erase(found);
    }

    [[nodiscard]] std::optional<Time> next() const {
        return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
    }

    /// Takes out those whose time has come, the earliest first.
    [[nodiscard]] std::vector<JobId> take_due(Time now) {
        std::vector<JobId> due;
        while (!order_.empty() && order_.begin()->first <= now) {
            due.push_back(order_.begin()->second);
            drop(due.back());
        }
        return due;
    }

  private:
    std::map<JobId, Time> times_;
    std::set<std::pair<Time, JobId>> order_;
};

}  // namespace rbees::control
