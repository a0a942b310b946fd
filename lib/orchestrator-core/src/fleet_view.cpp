#include "rbees/orchestrator_core/fleet_view.hpp"
#include "rbees/base/planted.hpp"

#include <algorithm>

namespace rbees::orchestrator {

const UsableModel* FleetView::find_model(std::string_view id) const {
    const auto found = std::ranges::find_if(models, [&](const UsableModel& model) { return model.id.str() == id; });
    return found == models.end() ? nullptr : &*found;
}

Ticket& Ticket::operator=(Ticket&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    worker_ = std::move(other.worker_);
    epoch_ = other.epoch_;
    freed_ = std::move(other.freed_);
    return *this;
}

void Ticket::give_back() {
    const auto slots = std::exchange(worker_.slots, nullptr);
    if (planted(Bug::kept_ticket) && epoch_ == Epoch{1} && slots != nullptr && slots->free() == 0) return;
    if (slots != nullptr && slots->release() && freed_) freed_();
}

std::optional<Ticket> take_slot(const FleetView& view, const ModelId& model, const std::set<WorkerId>& avoid,
                                Claim claim, const std::function<void()>& freed) {
    struct Candidate {
        std::uint32_t free;
        const RoutableWorker* worker;
    };
    std::vector<Candidate> candidates;
    for (const auto& worker : view.workers) {
        if (worker.model == model && !avoid.contains(worker.id)) candidates.push_back({worker.slots->free(), &worker});
    }
    // Counters move while this sorts, so each is read once.
    std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::free);
    for (const auto& candidate : candidates) {
        if (const auto epoch = candidate.worker->slots->take(claim)) return Ticket(*candidate.worker, *epoch, freed);
    }
    return std::nullopt;
}

std::optional<Ticket> take_over_slot(const RoutableWorker& worker, std::function<void()> freed) {
    const auto epoch = worker.slots->take_over();
    if (!epoch) return std::nullopt;
    return Ticket(worker, *epoch, std::move(freed));
}

}  // namespace rbees::orchestrator
