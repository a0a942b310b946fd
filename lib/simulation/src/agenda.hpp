#pragma once
/// @file
/// Virtual time: what is to happen, in the order of time, and of order in which it was asked for where times are equal.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "rbees/base/time.hpp"

namespace rbees::simulation {

using Task = std::move_only_function<void()>;

/// Time stands still while a task runs, and jumps to the next one between them.
class Agenda {
  public:
    /// Names what was entered, so that it can be taken out.
    using Entry = std::pair<Instant, std::uint64_t>;

    /// Far from zero, because the control subtracts from it.
    static constexpr Instant start{std::chrono::hours(1'000)};

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

    Entry at(Instant when, Task task) {
        const Entry entry{std::max(when, now_), ++count_};
        tasks_.emplace(entry, std::move(task));
        return entry;
    }
    Entry after(Duration pause, Task task) { return at(now_ + pause, std::move(task)); }
    void cancel(const Entry& entry) { tasks_.erase(entry); }

    /// Runs the next task. False if there is none.
    bool step() {
        if (tasks_.empty()) return false;
        auto next = tasks_.extract(tasks_.begin());
        now_ = next.key().first;
        ++steps_;
        next.mapped()();
        return true;
    }

    /// Drops everything, while what the tasks hold may still enter new ones.
    void clear() {
        while (!tasks_.empty()) {
            auto dropped = std::exchange(tasks_, {});
        }
    }

  private:
    Instant now_ = start;
    std::uint64_t steps_ = 0;
    std::uint64_t count_ = 0;
    std::map<Entry, Task> tasks_;
};

}  // namespace rbees::simulation
