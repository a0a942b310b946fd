#pragma once
/// @file
/// The store behind the control's archive port.

#include "rbees/control/archive.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::orcd {

/// Used on the control thread. `reader` must outlive it.
class StoreArchive : public control::Archive {
  public:
    explicit StoreArchive(store::Reader& reader) : reader_(reader) {}

    [[nodiscard]] Result<std::optional<orchestrator::Job>> job(const JobId& id) override;
    [[nodiscard]] Result<std::optional<JobId>> submitted(const std::string& submission) override;
    [[nodiscard]] Result<std::optional<std::string>> request(const JobId& id) override;
    [[nodiscard]] Result<std::optional<contracts::ExecutionStart>> start(const JobId& id) override;
    [[nodiscard]] Result<std::vector<orchestrator::StoredFrames>> frames(const JobId& id, std::uint64_t from) override;
    [[nodiscard]] Result<std::vector<orchestrator::Job>> ended_before(WallTime time, std::size_t limit) override;

  private:
    store::Reader& reader_;
};

}  // namespace rbees::orcd
