#pragma once
/// @file
/// What is no longer in memory, or never was: the text of jobs, and jobs that have ended.
///
/// A port: the store in rbees-orcd, a map in tests and in the simulator. It sees only what is on disk, so whatever it
/// hands out may be shown.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/failure.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/orchestrator_core/job.hpp"

namespace rbees::control {

/// Called on the control thread; short reads, typically far below a millisecond. A failure means that something on disk
/// is damaged, and says what.
class Archive {
  public:
    Archive() = default;
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;
    virtual ~Archive() = default;

    /// The job as its row has it, live or ended; nothing if there never was one.
    [[nodiscard]] virtual Result<std::optional<orchestrator::Job>> job(const JobId& id) = 0;

    /// The job that was submitted under that id of a submission (orchestrator::submission_id).
    [[nodiscard]] virtual Result<std::optional<JobId>> submitted(const std::string& submission) = 0;

    /// The body for the worker; nothing if it was erased.
    [[nodiscard]] virtual Result<std::optional<std::string>> request(const JobId& id) = 0;

    /// What an attempt told of itself, so that another worker can go on.
    [[nodiscard]] virtual Result<std::optional<contracts::ExecutionStart>> start(const JobId& id) = 0;

    /// Frames of the job's stream as they were stored, from the piece that holds number `from` on: some of them, and
    /// empty only when there are no more.
    [[nodiscard]] virtual Result<std::vector<orchestrator::StoredFrames>> frames(const JobId& id,
                                                                                 std::uint64_t from) = 0;

    /// Jobs that ended before that time and still have their text: the longest ended first, `limit` at most.
    [[nodiscard]] virtual Result<std::vector<orchestrator::Job>> ended_before(WallTime time, std::size_t limit) = 0;
};

}  // namespace rbees::control
