#include "rbees/pool_core/execution_book.hpp"

#include <algorithm>

namespace rbees::pool {

using contracts::ExecutionState;

std::expected<ExecutionBook::Begun, ExecutionRefusal> ExecutionBook::begin(const ExecutionKey& key, Instant now) {
    const auto newest = newest_.find(key.job);
    if (newest != newest_.end() && newest->second.attempt > key.attempt) {
        return std::unexpected(ExecutionRefusal::fenced);
    }
    const auto known = executions_.find(key);
    if (known != executions_.end()) {
        known->second.lease_end = now + limits_.lease;
        return Begun{};
    }
    Begun begun{.is_new = true, .outdated = {}};
    for (const auto& [other, execution] : executions_) {
        if (other.job == key.job) begun.outdated.push_back(other);
    }
    if (executions_.size() - begun.outdated.size() >= limits_.executions_max) {
        return std::unexpected(ExecutionRefusal::full);
    }
    for (const auto& other : begun.outdated) {
        executions_.erase(other);
    }
    remember(key, now);
    executions_[key].lease_end = now + limits_.lease;
    return begun;
}

bool ExecutionBook::push(const ExecutionKey& key, ExecutionEvent event) {
    const auto found = executions_.find(key);
    if (found == executions_.end() || found->second.state == ExecutionState::ended) return false;
    auto& execution = found->second;
    execution.kept_tokens += event.count;
    execution.kept_bytes += event.data.size();
    const bool is_end = event.name == "end" || event.name == "error";
    execution.events.push_back(std::move(event));
    if (is_end) {
        execution.state = ExecutionState::ended;
        return false;
    }
    if (!is_full(execution)) return true;
    execution.state = ExecutionState::paused;
    return false;
}

std::expected<std::vector<ExecutionEvent>, ExecutionRefusal> ExecutionBook::attach(const ExecutionKey& key,
                                                                                   std::optional<std::uint64_t> after,
                                                                                   Instant now) {
    const auto found = find(key);
    if (!found) return std::unexpected(found.error());
    (*found)->lease_end = now + limits_.lease;
    const auto wanted = after ? *after + 1 : 0;
    std::vector<ExecutionEvent> events;
    for (const auto& event : (*found)->events) {
        if (event.count == 0 || event.first + event.count > wanted) events.push_back(event);
    }
    return events;
}

std::expected<bool, ExecutionRefusal> ExecutionBook::acknowledge(const ExecutionKey& key,
                                                                 std::optional<std::uint64_t> through, Instant now) {
    const auto found = find(key);
    if (!found) return std::unexpected(found.error());
    auto& execution = **found;
    execution.lease_end = now + limits_.lease;
    const auto stored = through ? *through + 1 : 0;
    // What was said before the first token is kept until that token is stored: without it nobody can go on.
    while (through && !execution.events.empty()) {
        const auto& event = execution.events.front();
        const bool is_last = event.name == "end" || event.name == "error";
        if (is_last || event.first + event.count > stored) break;
        execution.kept_tokens -= event.count;
        execution.kept_bytes -= event.data.size();
        execution.events.pop_front();
    }
    if (execution.state != ExecutionState::paused || is_full(execution)) return false;
    execution.state = ExecutionState::running;
    return true;
}

std::vector<ExecutionKey> ExecutionBook::expire(Instant now) {
    forget_old(now);
    std::vector<ExecutionKey> ended;
    std::erase_if(executions_, [&](const auto& entry) {
        if (now < entry.second.lease_end) return false;
        ended.push_back(entry.first);
        return true;
    });
    return ended;
}

std::optional<Instant> ExecutionBook::next_expiry() const {
    std::optional<Instant> next;
    for (const auto& [key, execution] : executions_) {
        next = std::min(next.value_or(Instant::max()), execution.lease_end);
    }
    return next;
}

std::optional<ExecutionState> ExecutionBook::state_of(const ExecutionKey& key) const {
    const auto found = executions_.find(key);
    return found == executions_.end() ? std::nullopt : std::optional(found->second.state);
}

void ExecutionBook::remember(const ExecutionKey& key, Instant now) {
    newest_[key.job] = {key.attempt, now};
    if (newest_.size() <= limits_.attempts_remembered_max) return;
    const auto oldest = std::ranges::min_element(newest_, {}, [](const auto& entry) { return entry.second.seen; });
    newest_.erase(oldest);
}

void ExecutionBook::forget_old(Instant now) {
    std::erase_if(newest_, [&](const auto& entry) {
        const auto& [job, memory] = entry;
        if (executions_.contains({job, memory.attempt})) return false;
        return now - memory.seen >= limits_.attempts_remembered;
    });
}

bool ExecutionBook::is_full(const Execution& execution) const {
    return execution.kept_tokens >= limits_.buffered_tokens_max || execution.kept_bytes >= limits_.buffered_bytes_max;
}

std::expected<ExecutionBook::Execution*, ExecutionRefusal> ExecutionBook::find(const ExecutionKey& key) {
    const auto found = executions_.find(key);
    if (found != executions_.end()) return &found->second;
    const auto newest = newest_.find(key.job);
    const bool is_old = newest != newest_.end() && newest->second.attempt > key.attempt;
    return std::unexpected(is_old ? ExecutionRefusal::fenced : ExecutionRefusal::unknown);
}

}  // namespace rbees::pool
