#pragma once
/// @file
/// Durable jobs: what was accepted, how far it is, and what follows from what happens to it.
///
/// Promises kept here: a job is in exactly one state and ends exactly once; of all its attempts only the newest is
/// heard, because everything that an attempt brings carries its number (the fencing token, after Kleppmann, "How to do
/// distributed locking", 2016); the frames of its stream are numbered from 1 without a gap, whoever makes them.
///
/// Pure: times, ids and salts come in with each command. Not thread-safe; owned by the kernel's thread.

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/job_effects.hpp"
#include "rbees/orchestrator_core/job_types.hpp"

namespace rbees::orchestrator {

/// What a command leads to. Payloads are written in the same commit as the records.
struct JobDecision {
    std::vector<JobRecord> records;
    std::vector<JobEffect> effects;
    std::vector<Payload> payloads;
    std::vector<std::string> erased;  ///< prefixes of the ids of payloads that go
};

/// A refusal is a Problem: CONFLICT where an attempt or a job is over, NOT_FOUND where there is no such job.
using JobOutcome = std::expected<JobDecision, contracts::Problem>;

class Jobs {
  public:
    /// What the command leads to, or why it is refused. Total: any command in any state.
    [[nodiscard]] JobOutcome decide(const JobCommand& command) const;

    /// Makes a record true: one that `decide` gave for this state. An ended job stays readable until `forget_ended`.
    void apply(const JobRecord& record);

    /// Drops what ended, after its rows were written.
    void forget_ended();

    /// What should be running, for a process that starts: every live job wants a slot, its worker, or its pause's end.
    [[nodiscard]] std::vector<JobEffect> reconcile() const;

    /// Live jobs, by id.
    [[nodiscard]] const std::map<JobId, Job>& jobs() const { return jobs_; }
    [[nodiscard]] const Job* find(const JobId& id) const;

    /// The live job that was submitted by this owner under this key.
    [[nodiscard]] const Job* find_submitted(const TokenId& owner, std::string_view key) const;

    /// Recovery: a job as its row holds it.
    void restore(Job job);

  private:
    [[nodiscard]] JobOutcome decide_one(const SubmitJob& command) const;
    [[nodiscard]] JobOutcome decide_one(const DispatchJob& command) const;
    [[nodiscard]] JobOutcome decide_one(const StoreFrames& command) const;
    [[nodiscard]] JobOutcome decide_one(const CompleteJob& command) const;
    [[nodiscard]] JobOutcome decide_one(const FailAttempt& command) const;
    [[nodiscard]] JobOutcome decide_one(const FailPlacing& command) const;
    [[nodiscard]] JobOutcome decide_one(const EndJob& command) const;
    [[nodiscard]] JobOutcome decide_one(const RequeueJob& command) const;
    [[nodiscard]] JobOutcome decide_one(const EraseJob& command) const;

    /// The job if it lives and that attempt of it is the one that runs.
    [[nodiscard]] std::expected<const Job*, contracts::Problem> find_running(const JobId& id,
                                                                             std::uint32_t attempt) const;

    void put(Job job);

    std::map<JobId, Job> jobs_;
    std::map<std::pair<TokenId, std::string>, JobId, std::less<>> by_key_;
    std::vector<JobId> ended_;
};

/// Where a job's texts lie. Frames lie under the number of their first one, with twelve digits, so that ids sort as
/// numbers do. The prefix is that of all of them, and of no other job's.
[[nodiscard]] std::string payload_prefix(const JobId& job);
[[nodiscard]] std::string request_payload(const JobId& job);
[[nodiscard]] std::string start_payload(const JobId& job);
[[nodiscard]] std::string frames_prefix(const JobId& job);
[[nodiscard]] std::string frames_payload(const JobId& job, std::uint64_t first);

}  // namespace rbees::orchestrator
