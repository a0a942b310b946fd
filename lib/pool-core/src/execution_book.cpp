#include "rbees/pool_core/execution_book.hpp"

#include <algorithm>

#include "rbees/base/planted.hpp"

namespace rbees::pool {

using contracts::ExecutionState;

namespace {

/// Nothing follows it, and it is kept until the execution is released.
bool is_last(const ExecutionEvent& event) {
    return event.name == "end" || event.name == "error";
}

/// What it takes of the buffer. The start takes nothing, however long its prompt is: it is kept until the first token
/// is stored, so a generation that paused for its sake would never come to that token.
std::size_t room_of(const ExecutionEvent& event) {
    return event.count == 0 ? 0 : event.data.size();
}

}  // namespace

std::expected<ExecutionBook::Begun, ExecutionRefusal> ExecutionBook::begin(const ExecutionKey& key, Instant now) {
    forget_old(now);
    if (is_fenced(key) && !planted(Bug::skipped_worker_fence)) return std::unexpected(ExecutionRefusal::fenced);
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
    executions_[key].lease_end = now + limits_.lease;
    remember(key, {.attempt = key.attempt, .seen = now, .is_over = false});
    return begun;
}

void ExecutionBook::withdraw(const ExecutionKey& key) {
    executions_.erase(key);
}

void ExecutionBook::let_grow(const ExecutionKey& key) {
    const auto found = executions_.find(key);
    if (found != executions_.end()) found->second.may_grow = true;
}

bool ExecutionBook::push(const ExecutionKey& key, ExecutionEvent event) {
    const auto found = executions_.find(key);
    if (found == executions_.end() || found->second.state == ExecutionState::ended) return false;
    auto& execution = found->second;
    execution.kept_tokens += event.count;
    execution.kept_bytes += room_of(event);
    event.place = ++execution.last_place;
    const bool ends = is_last(event);
    execution.events.push_back(std::move(event));
    if (ends) {
        execution.state = ExecutionState::ended;
        return false;
    }
    if (execution.may_grow || !is_full(execution)) return true;
    execution.state = ExecutionState::paused;
    return false;
}

std::expected<std::vector<ExecutionEvent>, ExecutionRefusal> ExecutionBook::attach(const ExecutionKey& key,
                                                                                   std::optional<std::uint64_t> after,
                                                                                   Instant now) {
    const auto found = find(key);
    if (!found) return std::unexpected(found.error());
    (*found)->lease_end = now + limits_.lease;
    const auto wanted = after && !planted(Bug::repeated_tokens) ? *after + 1 : 0;
    std::vector<ExecutionEvent> events;
    for (const auto& event : (*found)->events) {
        if (event.count == 0 || event.first + event.count > wanted) events.push_back(event);
    }
    return events;
}

std::uint64_t ExecutionBook::last_place(const ExecutionKey& key) const {
    const auto found = executions_.find(key);
    return found == executions_.end() ? 0 : found->second.last_place;
}

std::vector<ExecutionEvent> ExecutionBook::behind(const ExecutionKey& key, std::uint64_t place) const {
    const auto found = executions_.find(key);
    if (found == executions_.end() || found->second.events.empty()) return {};
    const auto& events = found->second.events;
    const auto first = events.front().place;
    const auto from = place < first ? 0 : place + 1 - first;
    if (from >= events.size()) return {};
    return {events.begin() + static_cast<std::ptrdiff_t>(from), events.end()};
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
        if (is_last(event) || event.first + std::max<std::uint64_t>(event.count, 1) > stored) break;
        execution.kept_tokens -= event.count;
        execution.kept_bytes -= room_of(event);
        execution.events.pop_front();
    }
    if (execution.state != ExecutionState::paused || !has_room(execution)) return false;
    execution.state = ExecutionState::running;
    return true;
}

void ExecutionBook::release(const ExecutionKey& key) {
    const auto found = executions_.find(key);
    if (found != executions_.end()) cancel(key, found->second.lease_end - limits_.lease);
}

void ExecutionBook::cancel(const ExecutionKey& key, Instant now) {
    executions_.erase(key);
    remember(key, {.attempt = key.attempt, .seen = now, .is_over = true});
}

std::vector<ExecutionKey> ExecutionBook::expire(Instant now) {
    forget_old(now);
    std::vector<ExecutionKey> ended;
    for (const auto& [key, execution] : executions_) {
        if (now >= execution.lease_end) ended.push_back(key);
    }
    for (const auto& key : ended) {
        cancel(key, now);
    }
    return ended;
}

std::optional<Instant> ExecutionBook::next_expiry() const {
    if (planted(Bug::endless_lease)) return std::nullopt;
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

/// Keeps to the newest attempt; over the bound, the job that was seen longest ago and does not run is forgotten.
void ExecutionBook::remember(const ExecutionKey& key, Memory memory) {
    auto& newest = newest_[key.job];
    if (newest.attempt > memory.attempt) return;
    newest = memory;
    if (newest_.size() <= limits_.attempts_remembered_max) return;
    const auto seen = [this](const auto& entry) {
        const bool runs = executions_.contains({entry.first, entry.second.attempt});
        return runs ? Instant::max() : entry.second.seen;
    };
    const auto oldest = std::ranges::min_element(newest_, {}, seen);
    if (seen(*oldest) != Instant::max()) newest_.erase(oldest);
}

void ExecutionBook::forget_old(Instant now) {
    std::erase_if(newest_, [&](const auto& entry) {
        const auto& [job, memory] = entry;
        if (executions_.contains({job, memory.attempt})) return false;
        return now - memory.seen >= limits_.attempts_remembered;
    });
}

bool ExecutionBook::is_fenced(const ExecutionKey& key) const {
    const auto newest = newest_.find(key.job);
    if (newest == newest_.end() || newest->second.attempt < key.attempt) return false;
    return newest->second.attempt > key.attempt || newest->second.is_over;
}

bool ExecutionBook::is_full(const Execution& execution) const {
    return execution.kept_tokens >= limits_.buffered_tokens_max || execution.kept_bytes >= limits_.buffered_bytes_max;
}

/// Half of the buffer: a pause costs the engine something, so that one does not follow the other.
bool ExecutionBook::has_room(const Execution& execution) const {
    return execution.kept_tokens <= limits_.buffered_tokens_max / 2 &&
           execution.kept_bytes <= limits_.buffered_bytes_max / 2;
}

std::expected<ExecutionBook::Execution*, ExecutionRefusal> ExecutionBook::find(const ExecutionKey& key) {
    const auto found = executions_.find(key);
    if (found != executions_.end()) return &found->second;
    const auto newest = newest_.find(key.job);
    const bool is_old = newest != newest_.end() && newest->second.attempt > key.attempt;
    return std::unexpected(is_old ? ExecutionRefusal::fenced : ExecutionRefusal::unknown);
}

}  // namespace rbees::pool
