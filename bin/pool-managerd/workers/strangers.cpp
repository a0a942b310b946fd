#include "workers/strangers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "workers/adoption.hpp"
#include "workers/orphans.hpp"

namespace rbees::poold {

std::vector<WorkerRecord> Strangers::recorded() const {
    std::vector<WorkerRecord> recorded;
    for (const auto& [id, record] : records_) {
        recorded.push_back(record);
    }
    return recorded;
}

std::vector<contracts::WorkerReport> Strangers::reports() const {
    std::vector<contracts::WorkerReport> reports;
    for (const auto& [id, record] : records_) {
        reports.push_back({.worker_id = id,
                           .model = record.model,
                           .state = contracts::WorkerState::failed,
                           .pid = record.pid,
                           .reason = "it runs, but does not prove that it is a worker of this node",
                           .orphan = true});
    }
    std::ranges::copy(unrecorded_, std::back_inserter(reports));
    return reports;
}

void Strangers::add_ids(std::set<WorkerId>& ids) const {
    for (const auto& [id, record] : records_) {
        ids.insert(id);
    }
}

std::vector<WorkerId> Strangers::take_gone() {
    std::vector<WorkerId> gone;
    for (const auto& [id, record] : records_) {
        if (has_ended(record)) gone.push_back(id);
    }
    for (const auto& id : gone) {
        records_.erase(id);
    }
    return gone;
}

net::Task<bool> Strangers::look(net::Client& client, std::set<std::uint16_t> our_ports, std::filesystem::path logs) {
    for (const auto& [id, record] : records_) {
        our_ports.insert(record.port);
    }
    auto found = co_await find_orphans(client, std::move(our_ports), std::move(logs));
    const bool is_other = !std::ranges::equal(found, unrecorded_, {}, &contracts::WorkerReport::worker_id,
                                              &contracts::WorkerReport::worker_id);
    unrecorded_ = std::move(found);
    co_return is_other;
}

}  // namespace rbees::poold
