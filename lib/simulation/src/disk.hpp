#pragma once
/// @file
/// The store of rbees-orcd as its promises have it: transactions that are on disk whole or not at all, in order, each
/// reported after it is there; and everything that can go wrong with a disk.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "process.hpp"
#include "rbees/control/archive.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/kernel/state.hpp"
#include "rbees/simulation/random.hpp"

namespace rbees::simulation {

/// Outlives every life of rbees-orcd.
class Disk : public kernel::JournalPort, public control::Archive {
  public:
    /// `orcd` is the process that the committer is a part of.
    Disk(Process& orcd, Ledger& ledger, Random random) : orcd_(orcd), ledger_(ledger), random_(random) {}

    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency urgency) const override;
    void append(kernel::JournalBatch batch, std::function<void()> durable) override;

    Result<std::optional<orchestrator::Job>> job(const JobId& id) override;
    Result<std::optional<JobId>> submitted(const std::string& submission) override;
    Result<std::optional<std::string>> request(const JobId& id) override;
    Result<std::optional<contracts::ExecutionStart>> start(const JobId& id) override;
    Result<std::vector<orchestrator::StoredFrames>> frames(const JobId& id, std::uint64_t from) override;
    Result<std::vector<orchestrator::Job>> ended_before(WallTime time, std::size_t limit) override;

    /// The process is dead. What it had begun to commit is on disk, or is not.
    void crashed();

    /// As recovery reads it.
    [[nodiscard]] Result<kernel::State> recovered() const;

    Duration commit_time = std::chrono::milliseconds(2);
    std::optional<kernel::Urgency> full_for;  ///< batches up to this urgency are refused

    /// The next commit fails; the process must die then.
    void fail_next_commit(std::function<void()> die) { fail_ = std::move(die); }

    /// In the middle of the next commit.
    void during_next_commit(std::function<void()> what) { interrupt_ = std::move(what); }

    /// Nothing goes wrong with it any more.
    void heal() {
        full_for.reset();
        fail_ = {};
        interrupt_ = {};
    }

    [[nodiscard]] bool is_idle() const { return waiting_.empty() && under_way_.empty(); }

  private:
    using Write = std::pair<kernel::JournalBatch, std::function<void()>>;

    void begin();
    void finish();
    void write(kernel::JournalBatch& batch);
    [[nodiscard]] const std::string* text(const std::string& id) const;
    [[nodiscard]] const kernel::EntityRow* row(std::string_view kind, const std::string& id) const;

    Process& orcd_;
    Ledger& ledger_;
    Random random_;
    std::vector<Write> waiting_;
    std::vector<Write> under_way_;  ///< one transaction
    std::function<void()> fail_;
    std::function<void()> interrupt_;
    std::map<std::pair<std::string, std::string>, kernel::EntityRow> rows_;
    std::map<std::string, std::string> texts_;
    std::map<std::string, WallTime> due_;  ///< jobs whose text is still there, and when they ended
};

}  // namespace rbees::simulation
