#pragma once
/// @file
/// What the journal says, read back record by record as each batch reaches the disk, and everything that must hold of
/// it. It knows nothing of the process that wrote it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "answer.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/kernel/state.hpp"
#include "verdict.hpp"

namespace rbees::simulation {

/// A job as its records tell it.
struct JobFacts {
    std::optional<PlannedAnswer> answer;
    std::uint64_t answer_max = 0;  ///< tokens
    std::uint32_t attempt = 0;
    std::uint32_t setbacks = 0;  ///< since the last token was stored
    bool runs = false;           ///< the attempt was dispatched and is not over
    bool is_taken_over = false;  ///< it was dispatched by an earlier life of rbees-orcd
    WorkerId worker;
    std::vector<orchestrator::Frame> frames;
    std::uint64_t tokens = 0;
    std::uint64_t counted_tokens = 0;  ///< in the records
    orchestrator::Job job;             ///< as its last row has it
    bool has_ended = false;
    bool is_cancelled = false;  ///< some client asked for it
    Instant queued_at{};
    std::optional<Instant> dispatched_at;
};

/// A session as the records of its tasks tell it.
struct SessionFacts {
    std::uint64_t turns = 0;
    std::uint64_t ended = 0;
    std::uint64_t prompts = 0;  ///< tokens, as are the next two
    std::uint64_t answers = 0;
    std::uint64_t held = 0;
    bool was_opened = false;        ///< at some time
    bool had_budget = false;        ///< likewise
    bool was_closed = false;        ///< likewise
    bool is_cancel_wanted = false;  ///< some client closed it with its tasks
};

class Ledger {
  public:
    explicit Ledger(Verdict& verdict, const Agenda& agenda) : verdict_(verdict), agenda_(agenda) {}

    /// The batch is on disk.
    void committed(const kernel::JournalBatch& batch);

    /// rbees-orcd starts anew: what runs was dispatched by an earlier life.
    void restarted();

    /// A client wants it ended.
    void cancel_wanted(const JobId& job) { jobs_[job].is_cancelled = true; }

    void cancel_wanted(const orchestrator::SessionKey& session) { sessions_[session].is_cancel_wanted = true; }

    [[nodiscard]] const JobFacts* find(const JobId& job) const;
    [[nodiscard]] const SessionFacts* find(const orchestrator::SessionKey& session) const;
    [[nodiscard]] const std::map<JobId, JobFacts>& jobs() const { return jobs_; }

    /// Attempts at the worker that this life of rbees-orcd dispatched and that are not over.
    [[nodiscard]] std::uint32_t running_at(const WorkerId& worker) const;
    [[nodiscard]] std::optional<std::uint32_t> slots_of(const WorkerId& worker) const;

    /// Whether it was ever decided to have the worker, and to stop it.
    [[nodiscard]] bool was_created(const WorkerId& worker) const { return created_.contains(worker); }
    [[nodiscard]] bool was_retired(const WorkerId& worker) const { return retired_.contains(worker); }

    /// Jobs that have not ended.
    [[nodiscard]] std::size_t open() const { return open_; }

  private:
    void note(const kernel::Record& record);
    void note_worker(const orchestrator::FleetRecord& record);
    void note_job(const orchestrator::JobQueued& record);
    void note_job(const orchestrator::JobDispatched& record);
    void note_job(const orchestrator::JobProgressed& record);
    void note_job(const orchestrator::JobPostponed& record);
    void note_job(const orchestrator::JobRequeued& record);
    void note_job(const orchestrator::JobEnded& record);
    void note_job(const orchestrator::JobErased& record);
    void note_session(const orchestrator::SessionRecord& record);
    void note_turn(const JobFacts& facts);
    void note_spending(const JobFacts& facts, const orchestrator::JobEnded& record);
    void check_sessions();
    [[nodiscard]] bool is_cancelled_with_session(const JobFacts& facts) const;
    void note_payload(const kernel::PayloadText& payload);
    void note_frame(const JobId& id, JobFacts& facts, const orchestrator::Frame& frame);
    void compare(const std::vector<kernel::EntityRow>& rows, const std::vector<kernel::EntityRow>& written);
    void check_frames(const JobId& id, std::uint64_t frames, std::uint64_t tokens);
    void check_end(const JobId& id, const orchestrator::JobEnded& record);
    void check_completed(const JobId& id, const orchestrator::JobEnded& record);

    Verdict& verdict_;
    const Agenda& agenda_;
    kernel::State state_;
    std::map<JobId, JobFacts> jobs_;
    std::map<orchestrator::SessionKey, SessionFacts> sessions_;
    std::set<orchestrator::SessionKey> touched_;  ///< sessions of the batch
    std::set<std::string> keys_;                  ///< owner and key of every submission
    std::set<WorkerId> created_;
    std::set<WorkerId> retired_;
    std::size_t open_ = 0;
};

}  // namespace rbees::simulation
