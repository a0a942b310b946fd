#include "task_book.hpp"

#include <vector>

#include "limits.hpp"

namespace rbees::workerd {

std::expected<TaskBook::Entry, TaskRefusal> TaskBook::begin(const TaskId& task, Stop stop, Instant now) {
    forget_old_cancels(now);
    if (cancelled_.contains(task)) return std::unexpected(TaskRefusal::cancelled);
    const auto number = ++last_number_;
    running_.emplace(number, Running{task, std::move(stop)});
    return Entry(shared_from_this(), number);
}

void TaskBook::cancel(const TaskId& task, Instant now) {
    const auto until = now + cancel_memory;
    cancelled_.insert_or_assign(task, until);
    cancels_in_order_.emplace_back(until, task);
    forget_old_cancels(now);
    std::vector<Stop> stops;
    for (const auto& [number, running] : running_) {
        if (running.task == task) stops.push_back(running.stop);
    }
    for (const auto& stop : stops) {
        stop();
    }
}

void TaskBook::when_idle(std::function<void()> idle) {
    if (running_.empty() && idle) return idle();
    idle_ = std::move(idle);
}

void TaskBook::end(std::uint64_t number) {
    running_.erase(number);
    if (!running_.empty() || !idle_) return;
    const auto idle = std::exchange(idle_, nullptr);
    idle();
}

void TaskBook::forget_old_cancels(Instant now) {
    while (!cancels_in_order_.empty()) {
        const auto& [until, task] = cancels_in_order_.front();
        if (now < until && cancels_in_order_.size() <= remembered_cancels_max) return;
        const auto found = cancelled_.find(task);
        if (found != cancelled_.end() && found->second == until) cancelled_.erase(found);
        cancels_in_order_.pop_front();
    }
}

}  // namespace rbees::workerd
