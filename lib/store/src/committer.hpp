#pragma once
/// @file
/// What the journal thread does with each group of batches: room, transaction, commit, callbacks, checkpoint; and
/// between two groups, with old records.

#include <memory>
#include <mutex>
#include <vector>

#include "queue.hpp"
#include "rbees/store/journal.hpp"
#include "space.hpp"
#include "writer.hpp"

namespace rbees::store {

/// What other threads may ask of the journal thread's work. Thread-safe.
class Published {
  public:
    template <class Change>
    void change(const Change& change) {
        const std::scoped_lock lock(mutex_);
        change(head_, metrics_);
    }
    [[nodiscard]] JournalHead head() const {
        const std::scoped_lock lock(mutex_);
        return head_;
    }
    [[nodiscard]] JournalMetrics metrics() const {
        const std::scoped_lock lock(mutex_);
        return metrics_;
    }

  private:
    mutable std::mutex mutex_;
    JournalHead head_;
    JournalMetrics metrics_;
};

/// Lives on the journal thread.
class Committer {
  public:
    Committer(std::unique_ptr<Writer> writer, Queue& queue, Space& space, Published& published,
              const JournalOptions& options);

    /// Commits groups until the queue is closed and empty, or the storage fails.
    void run();

  private:
    void commit_group(std::vector<Pending> group);
    [[nodiscard]] Sql<std::vector<Commit>> write_with_reserve(const std::vector<Pending>& group);
    void report(std::vector<Pending>& group, const std::vector<Commit>& commits, Duration took);
    void refuse(std::vector<Pending>& group);
    void fail(std::string_view what, const SqlError& error);
    void tidy();
    void checkpoint_if_due();
    [[nodiscard]] Duration patience() const;
    void cut_if_due();
    [[nodiscard]] Sql<bool> write_cut_step();
    void reach(CrashPoint point) const;

    std::unique_ptr<Writer> writer_;
    Queue& queue_;
    Space& space_;
    Published& published_;
    const JournalOptions& options_;
    bool is_refusing_ = false;  ///< the disk filled up under a queued batch
    bool has_failed_ = false;
    Instant cut_due_at_{};      ///< when to look for old records, or to go on with taking them away
    int checkpoint_due_pages_;  ///< log size from which an idle moment is used for a checkpoint
};

}  // namespace rbees::store
