#include "committer.hpp"

#include <algorithm>

#include "rbees/store/limits.hpp"

namespace rbees::store {

Committer::Committer(std::unique_ptr<Writer> writer, Queue& queue, Space& space, Published& published,
                     const JournalOptions& options)
    : writer_(std::move(writer)),
      queue_(queue),
      space_(space),
      published_(published),
      options_(options),
      checkpoint_due_pages_(limits::checkpoint_pages_idle) {
    published_.change([this](JournalHead& head, JournalMetrics&) { head = writer_->head(); });
}

void Committer::run() {
    while (!has_failed_) {
        auto group = queue_.take_group(patience());
        if (!group) break;
        if (group->empty()) {
            tidy();
        } else if (is_refusing_) {
            refuse(*group);
        } else {
            commit_group(std::move(*group));
        }
        cut_if_due();
    }
    if (has_failed_) return;
    const auto truncated = writer_->truncate_log();
    if (truncated) return;
    // A full disk leaves everything in the log, which the next start reads.
    if (!truncated.error().is_full()) return fail("checkpoint the journal", truncated.error());
    options_.log.info("no room to checkpoint the journal at the end; its log stays, with everything in it");
}

void Committer::commit_group(std::vector<Pending> group) {
    const auto started = BootClock::now();
    reach(CrashPoint::before_write);
    const auto commits = write_with_reserve(group);
    if (!commits && commits.error().is_full()) return refuse(group);
    if (!commits) return fail("write the journal", commits.error());
    reach(CrashPoint::written_not_committed);
    if (const auto committed = writer_->commit(); !committed) return fail("commit the journal", committed.error());
    reach(CrashPoint::committed_not_reported);
    report(group, *commits, BootClock::now() - started);
    checkpoint_if_due();
}

Sql<std::vector<Commit>> Committer::write_with_reserve(const std::vector<Pending>& group) {
    if (!space_.make_room(log_estimate(group)))
        return std::unexpected(SqlError{SQLITE_FULL, "no room for the transaction"});
    auto commits = writer_->write(group);
    if (commits || !commits.error().is_full() || !space_.give_up_reserve()) return commits;
    return writer_->write(group);
}

void Committer::report(std::vector<Pending>& group, const std::vector<Commit>& commits, Duration took) {
    published_.change([&](JournalHead& head, JournalMetrics& metrics) {
        metrics.batches += group.size();
        metrics.records += writer_->head().sequence - head.sequence;
        metrics.transactions += 1;
        metrics.log_pages = static_cast<std::uint64_t>(writer_->log_pages());
        metrics.commit_time_total += took;
        metrics.commit_time_longest = std::max(metrics.commit_time_longest, took);
        head = writer_->head();
    });
    for (std::size_t index = 0; index < group.size(); ++index)
        group[index].committed(commits[index]);
}

void Committer::refuse(std::vector<Pending>& group) {
    if (!is_refusing_) options_.log.error("disk full; refused what was queued and all that follows");
    is_refusing_ = true;
    queue_.close(AppendError::storage_full);
    published_.change([&](JournalHead&, JournalMetrics& metrics) { metrics.refused += group.size(); });
    for (auto& pending : group)
        pending.committed(std::unexpected(AppendError::storage_full));
}

void Committer::fail(std::string_view what, const SqlError& error) {
    has_failed_ = true;
    queue_.close(AppendError::stopped);
    const auto failure = to_failure(what, error);
    options_.log.error("storage failed; nothing is acknowledged any more", {{"cause", describe(failure)}});
    options_.storage_failed(failure);
}

void Committer::tidy() {
    space_.refresh();
    if (!writer_->has_erased_text_in_log()) return;
    if (const auto truncated = writer_->truncate_log(); !truncated && !truncated.error().is_full()) {
        fail("checkpoint the journal", truncated.error());
    }
}

void Committer::checkpoint_if_due() {
    const int pages = writer_->log_pages();
    // The log began anew after a complete checkpoint.
    if (pages < checkpoint_due_pages_ - limits::checkpoint_pages_idle) {
        checkpoint_due_pages_ = limits::checkpoint_pages_idle;
    }
    const bool is_idle = queue_.size() == 0;
    if (pages < checkpoint_due_pages_ || (!is_idle && pages < limits::checkpoint_pages_busy)) return;
    // Where a reader holds the log, the next try waits until it has grown.
    checkpoint_due_pages_ = pages + limits::checkpoint_pages_idle;
    const auto copied = writer_->checkpoint();
    published_.change([](JournalHead&, JournalMetrics& metrics) { metrics.checkpoints += 1; });
    if (copied) return reach(CrashPoint::log_copied);
    // A full disk leaves everything in the log, which is as good. After a failed sync nothing on the disk is sure.
    if (copied.error().is_full()) {
        options_.log.warning("no room to checkpoint the journal; its log grows");
    } else {
        fail("checkpoint the journal", copied.error());
    }
}

Duration Committer::patience() const {
    if (!options_.keep) return limits::space_check_interval;
    return std::clamp<Duration>(cut_due_at_ - BootClock::now(), Duration{}, limits::space_check_interval);
}

void Committer::cut_if_due() {
    if (!options_.keep || has_failed_ || is_refusing_ || BootClock::now() < cut_due_at_) return;
    cut_due_at_ = BootClock::now() + options_.cut_interval;
    // What it writes must not come out of the reserve, nor out of the room for work that goes on.
    if (space_.state() != SpaceState::normal && space_.state() != SpaceState::below_watermark) return;
    const auto is_written = write_cut_step();
    if (!is_written && is_written.error().is_full()) return;
    if (!is_written) return fail("cut the journal", is_written.error());
    if (!*is_written) return;
    reach(CrashPoint::cut_not_committed);
    const auto first = writer_->first();
    if (const auto committed = writer_->commit(); !committed) return fail("commit the journal", committed.error());
    published_.change([&](JournalHead& head, JournalMetrics& metrics) {
        metrics.records += writer_->head().sequence - head.sequence;
        metrics.cut_records += writer_->first() - first;
        head = writer_->head();
    });
    cut_due_at_ = BootClock::now() + limits::cut_pause;
    reach(CrashPoint::cut_committed);
    checkpoint_if_due();
}

Sql<bool> Committer::write_cut_step() {
    Sql<void> written;
    if (writer_->is_cutting()) {
        written = writer_->cut_records();
    } else {
        const auto now = options_.now();
        const auto last = writer_->last_before(now - std::chrono::ceil<std::chrono::milliseconds>(*options_.keep));
        if (!last) return std::unexpected(last.error());
        if (!*last) return false;
        written = writer_->write_checkpoint(**last, now);
    }
    if (!written) return std::unexpected(std::move(written.error()));
    return true;
}

void Committer::reach(CrashPoint point) const {
    if (options_.reached) options_.reached(point);
}

}  // namespace rbees::store
