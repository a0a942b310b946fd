#pragma once
/// @file
/// Worker processes that run on this machine and do not prove that they are ours: recorded ones where nobody answers
/// at their port, or somebody who does not take their secret, and those without a record. They are told of and never
/// signalled; those with a record may be asked again.

#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "rbees/contracts/nodes.hpp"
#include "rbees/net/client.hpp"
#include "workers/worker_record.hpp"

namespace rbees::poold {

/// Owned by the worker pool, on its thread; must outlive its tasks.
class Strangers {
  public:
    /// The recorded process runs, and does not prove itself.
    void note(const WorkerRecord& record) { records_.insert_or_assign(record.worker_id, record); }

    /// It proved itself. Whether it was here.
    bool remove(const WorkerId& id) { return records_.erase(id) != 0; }

    /// Whether that is one with a record.
    [[nodiscard]] bool contains(const WorkerId& id) const { return records_.contains(id); }

    [[nodiscard]] std::vector<WorkerRecord> recorded() const;
    [[nodiscard]] std::vector<contracts::WorkerReport> reports() const;
    void add_ids(std::set<WorkerId>& ids) const;

    /// Those whose recorded process has ended; they are here no more.
    [[nodiscard]] std::vector<WorkerId> take_gone();

    /// Looks for those without a record, but for workers on `our_ports` and those that do not log to `logs`. Whether
    /// there are others than before. The client must outlive the task.
    [[nodiscard]] net::Task<bool> look(net::Client& client, std::set<std::uint16_t> our_ports,
                                       std::filesystem::path logs);

  private:
    std::map<WorkerId, WorkerRecord> records_;
    std::vector<contracts::WorkerReport> unrecorded_;
};

}  // namespace rbees::poold
