#pragma once
/// @file
/// What a restarted pool manager needs to find its workers again: `HOME/state/workers/<id>.json`, 0600.
///
/// It is written before the worker gets its secret, and a worker without one exits; so every worker that serves has a
/// record, whenever the pool manager dies.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/failure.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/process/process.hpp"

namespace rbees::poold {

struct WorkerRecord {
    WorkerId worker_id;
    std::int32_t pid = 0;
    std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat
    std::string boot_id;
    std::uint16_t port = 0;
    ModelId model;
    std::string model_hash;
    std::string secret;
    std::string device;

    [[nodiscard]] process::ProcessIdentity identity() const { return {pid, start_time, boot_id}; }
};
BOOST_DESCRIBE_STRUCT(WorkerRecord, (), (worker_id, pid, start_time, boot_id, port, model, model_hash, secret, device))

/// The folder of records.
class WorkerRecords {
  public:
    explicit WorkerRecords(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] Result<void> write(const WorkerRecord& record) const;
    void remove(const WorkerId& id) const;

    /// Every readable record; a broken one is deleted, because it proves nothing.
    [[nodiscard]] std::vector<WorkerRecord> read_all() const;

  private:
    [[nodiscard]] std::filesystem::path file_of(const WorkerId& id) const;

    std::filesystem::path folder_;
};

}  // namespace rbees::poold
