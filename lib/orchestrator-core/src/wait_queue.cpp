#include "rbees/orchestrator_core/wait_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rbees::orchestrator {

using contracts::Priority;

std::expected<std::size_t, WaitError> WaitQueue::join(Wait wait) {
    if (size() >= capacity_) return std::unexpected(WaitError::full);
    return join_admitted(std::move(wait));
}

std::size_t WaitQueue::join_admitted(Wait wait) {
    wait.order = ++arrivals_;
    const auto ahead = before(wait.model, wait.priority);
    auto& session = models_[wait.model][wait.priority].owners.line(wait.owner).line(wait.session);
    session.push_back(std::move(wait));
    note(std::prev(session.end()));
    return ahead;
}

std::size_t WaitQueue::before(const ModelId& model, Priority priority) const {
    const auto found = models_.find(model);
    if (found == models_.end()) return 0;
    std::size_t ahead = 0;
    for (const auto& [one, line] : found->second) {
        if (one <= priority) ahead += line.size;
    }
    return ahead;
}

std::size_t WaitQueue::before(WaitId id) const {
    const auto found = places_.find(id);
    if (found == places_.end()) return 0;
    const auto& mine = *found->second;
    return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& entry) {
        const auto& other = *entry.second;
        if (other.model != mine.model) return false;
        return other.priority < mine.priority || (other.priority == mine.priority && other.order < mine.order);
    }));
}

std::optional<Wait> WaitQueue::next(const ModelId& model, Instant now) {
    promote(now);
    const auto found = models_.find(model);
    if (found == models_.end()) return std::nullopt;
    auto& owners =
        std::ranges::find_if(found->second, [](const auto& entry) { return entry.second.size != 0; })->second.owners;
    auto& sessions = owners.front();
    auto& waits = sessions.front();
    auto wait = std::move(waits.front());
    waits.pop_front();
    sessions.turn();
    owners.turn();
    forget(wait);
    return wait;
}

void WaitQueue::put_back(Wait wait) {
    auto& owner = models_[wait.model][wait.priority].owners.first_line(wait.owner);
    auto& session = owner.first_line(wait.session);
    session.push_front(std::move(wait));
    note(session.begin());
}

std::optional<Wait> WaitQueue::leave(WaitId id) {
    if (!places_.contains(id)) return std::nullopt;
    return take(id);
}

std::vector<Wait> WaitQueue::expired(Instant now) {
    std::vector<Wait> late;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        late.push_back(take(deadlines_.begin()->second));
    }
    return late;
}

std::vector<Wait> WaitQueue::take_all(const ModelId& model) {
    std::vector<WaitId> ids;
    for (const auto& [id, place] : places_) {
        if (place->model == model) ids.push_back(id);
    }
    std::vector<Wait> waits;
    for (const auto id : ids) {
        waits.push_back(take(id));
    }
    std::ranges::sort(waits, {}, &Wait::order);
    return waits;
}

std::optional<WaitId> WaitQueue::oldest_batch() const {
    return batch_.empty() ? std::nullopt : std::optional(batch_.begin()->second);
}

std::optional<Instant> WaitQueue::next_deadline() const {
    if (deadlines_.empty() || deadlines_.begin()->first == Instant::max()) return std::nullopt;
    return deadlines_.begin()->first;
}

std::vector<ModelId> WaitQueue::models() const {
    std::vector<ModelId> models;
    for (const auto& [model, classes] : models_) {
        models.push_back(model);
    }
    return models;
}

void WaitQueue::note(Session::iterator place) {
    ++models_[place->model][place->priority].size;
    places_[place->id] = place;
    deadlines_.emplace(place->deadline, place->id);
    if (place->priority == Priority::batch) batch_.emplace(place->order, place->id);
}

void WaitQueue::forget(const Wait& wait) {
    const auto model = models_.find(wait.model);
    --model->second[wait.priority].size;
    const bool is_empty = std::ranges::all_of(model->second, [](const auto& entry) { return entry.second.size == 0; });
    if (is_empty) models_.erase(model);
    places_.erase(wait.id);
    deadlines_.erase({wait.deadline, wait.id});
    batch_.erase(wait.order);
}

Wait WaitQueue::take(WaitId id) {
    const auto place = places_.at(id);
    auto wait = std::move(*place);
    auto& owners = models_[wait.model][wait.priority].owners;
    auto& sessions = owners.line(wait.owner);
    sessions.line(wait.session).erase(place);
    sessions.tidy(wait.session);
    owners.tidy(wait.owner);
    forget(wait);
    return wait;
}

void WaitQueue::promote(Instant now) {
    while (!batch_.empty()) {
        const auto oldest = batch_.begin()->second;
        if (now - places_.at(oldest)->joined < promote_after_) return;
        auto wait = take(oldest);
        wait.priority = Priority::interactive;
        auto& session = models_[wait.model][wait.priority].owners.line(wait.owner).line(wait.session);
        session.push_back(std::move(wait));
        note(std::prev(session.end()));
    }
}

}  // namespace rbees::orchestrator
