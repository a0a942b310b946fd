#include "rbees/pool_core/early_stops.hpp"

namespace rbees::pool {

void EarlyStops::note(const WorkerId& worker) {
    if (!workers_.insert(worker).second) return;
    oldest_first_.push_back(worker);
    if (oldest_first_.size() <= kept_max) return;
    workers_.erase(oldest_first_.front());
    oldest_first_.pop_front();
}

}  // namespace rbees::pool
