#include "rbees/orchestrator_core/wait_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rbees::orchestrator {

std::expected<std::size_t, WaitError> WaitQueue::join(Wait wait) {
    if (size_ >= capacity_) return std::unexpected(WaitError::full);
    auto& line = by_model_[wait.model];
    line.push_back(std::move(wait));
    ++size_;
    return line.size() - 1;
}

std::optional<Wait> WaitQueue::next(const ModelId& model) {
    const auto found = by_model_.find(model);
    if (found == by_model_.end()) return std::nullopt;
    auto wait = std::move(found->second.front());
    found->second.pop_front();
    --size_;
    if (found->second.empty()) by_model_.erase(found);
    return wait;
}

void WaitQueue::put_back(Wait wait) {
    auto& line = by_model_[wait.model];
    line.push_front(std::move(wait));
    ++size_;
}

void WaitQueue::leave(WaitId id) {
    for (auto entry = by_model_.begin(); entry != by_model_.end(); ++entry) {
        const auto gone = std::erase_if(entry->second, [&](const Wait& wait) { return wait.id == id; });
        size_ -= gone;
        if (entry->second.empty()) by_model_.erase(entry);
        if (gone != 0) return;
    }
}

std::vector<Wait> WaitQueue::expired(Instant now) {
    std::vector<Wait> late;
    for (auto entry = by_model_.begin(); entry != by_model_.end();) {
        auto& line = entry->second;
        const auto is_late = [&](const Wait& wait) { return wait.deadline <= now; };
        std::ranges::copy_if(line, std::back_inserter(late), is_late);
        std::erase_if(line, is_late);
        entry = line.empty() ? by_model_.erase(entry) : std::next(entry);
    }
    size_ -= late.size();
    return late;
}

std::vector<Wait> WaitQueue::take_all(const ModelId& model) {
    auto line = by_model_.extract(model);
    if (line.empty()) return {};
    size_ -= line.mapped().size();
    return {std::make_move_iterator(line.mapped().begin()), std::make_move_iterator(line.mapped().end())};
}

std::optional<Instant> WaitQueue::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& [model, line] : by_model_) {
        for (const auto& wait : line) {
            if (!next || wait.deadline < *next) next = wait.deadline;
        }
    }
    return next;
}

std::vector<ModelId> WaitQueue::models() const {
    std::vector<ModelId> models;
    for (const auto& [model, line] : by_model_) {
        models.push_back(model);
    }
    return models;
}

}  // namespace rbees::orchestrator
