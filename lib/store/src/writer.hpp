#pragma once
/// @file
/// The writing connection: turns batches into rows, in transactions that its owner begins and ends.

#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checksum.hpp"
#include "kept_head.hpp"
#include "pending.hpp"
#include "rbees/store/journal.hpp"
#include "sqlite.hpp"

namespace rbees::store {

/// Not thread-safe; moves from the opening thread to the journal thread. After `commit` failed it must not be used.
class Writer {
  public:
    /// Opens `path`, which exists, and brings it up to date. Refuses a journal whose last record is not what its head
    /// says, or whose first is not the one that a checkpoint vouches for, or that lost records that were committed.
    [[nodiscard]] static std::expected<std::unique_ptr<Writer>, OpenError> open(const std::filesystem::path& path,
                                                                                const std::string& vfs,
                                                                                const std::string& program_version);

    /// Begins a transaction and writes all of it. After an error nothing is left of it.
    [[nodiscard]] Sql<std::vector<Commit>> write(std::span<const Pending> group);

    /// The last of the records that are older than `limit`, from the oldest on, as far as limits::cut_records_max; none
    /// where a cut is not worth it.
    [[nodiscard]] Sql<std::optional<Sequence>> last_before(WallTime limit);

    /// Begins a transaction and appends the record that vouches for a cut through `last`. After an error nothing is
    /// left of it.
    [[nodiscard]] Sql<void> write_checkpoint(Sequence last, WallTime at);

    /// Whether the cut that a checkpoint vouches for is still to be done, or to be finished.
    [[nodiscard]] bool is_cutting() const { return cut_.first <= cut_.through; }

    /// Begins a transaction and deletes the next limits::cut_rows records of that cut. After an error nothing is left
    /// of it.
    [[nodiscard]] Sql<void> cut_records();

    /// Makes it durable. An error means that nobody knows whether it is.
    [[nodiscard]] Sql<void> commit();

    /// The newest committed record.
    [[nodiscard]] const JournalHead& head() const { return head_; }

    /// The oldest record, or the next one while there is none.
    [[nodiscard]] Sequence first() const { return cut_.first; }

    /// Pages in the write-ahead log after the last commit.
    [[nodiscard]] int log_pages() const { return log_pages_; }

    /// Whether a commit erased payloads whose bytes may still be in the log.
    [[nodiscard]] bool has_erased_text_in_log() const { return erased_since_truncation_; }

    /// Copies the log into the database as far as readers let it.
    [[nodiscard]] Sql<void> checkpoint();

    /// The same, then cuts the log to nothing, unless a reader is busy (no error).
    [[nodiscard]] Sql<void> truncate_log();

  private:
    explicit Writer(Database database) : database_(std::move(database)) {}

    /// How far old records are gone, and how far they may go.
    struct Cut {
        Sequence first = 1;  ///< the oldest record
        Sequence through = 0;
    };

    Sql<void> prepare();
    Sql<void> load_cut();

    /// A commit that changes little: a disk that takes no writes is found at the opening, not by the first batch,
    /// which would end a process that was started to recover from the very same.
    Sql<void> try_to_write();
    Sql<void> begin_transaction();
    Sql<void> write_batch(const Batch& batch);
    Sql<void> write_record(const Batch& batch, const Record& record);
    Sql<void> write_entity(const EntityChange& entity);
    Sql<void> write_payload(const PayloadWrite& payload);
    Sql<void> erase_payload(const std::string& id);
    Sql<void> erase_payloads(const std::string& prefix);
    [[nodiscard]] Sql<Sha256Digest> hash_of(Sequence sequence);
    void roll_back();
    Sql<void> run_checkpoint(int mode);
    [[nodiscard]] std::expected<void, OpenError> load(const std::string& name);

    Database database_;
    Statement begin_, commit_, insert_record_, move_head_, update_entity_, put_entity_, delete_entity_, put_payload_,
        delete_payload_, delete_payloads_, name_checkpoint_, cut_front_, move_start_;
    FieldHasher hasher_;
    std::optional<KeptHead> kept_head_;
    JournalHead head_;       ///< committed
    JournalHead next_head_;  ///< of the transaction under way
    Cut cut_;                ///< committed
    Cut next_cut_;
    int log_pages_ = 0;
    bool erases_now_ = false;
    bool erased_since_truncation_ = false;
};

}  // namespace rbees::store
