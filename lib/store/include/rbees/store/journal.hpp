#pragma once
/// @file
/// The journal: batches go in, are committed in groups by one thread, and only then is anybody told.
///
/// SQLite in WAL mode with synchronous=FULL: a commit that was reported survives a power cut. A commit starts as soon
/// as the one before it ends, and takes everything that was queued meanwhile, so one fsync serves many writers and no
/// timer adds delay. One connection, on the journal thread, does all writes and all checkpoints: SQLite before 3.51.3
/// can corrupt a database in which two connections do (fixed there; sqlite.org/wal.html).
///
/// A commit that fails is *unknown*, not undone: it may be on the disk all the same. The journal then calls
/// `JournalOptions::storage_failed` and never the batch's callback; the process must exit and recover.

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/store/backup.hpp"
#include "rbees/store/batch.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::store {

/// The form of the database that this release writes; an older one is brought up to it, a newer one is refused.
[[nodiscard]] std::uint32_t journal_format();

/// Locked by whoever opens the journal only to see whether that works: somebody else who finds the journal held then
/// knows that no other program uses it.
[[nodiscard]] std::filesystem::path trial_lock(const std::filesystem::path& journal);

/// Why the store did not open. The failure beside it is the sentence for people.
enum class OpenProblem : std::uint8_t {
    locked,       ///< another process has it open; its pid is in the message
    newer,        ///< a later release wrote it; the message names that release
    damaged,      ///< not ours, or the journal's end is not what its head says; restore a backup, delete nothing
    unavailable,  ///< the file system refused, or a trial (`trial_lock`) has it; the message says what
};
struct OpenError {
    OpenProblem problem{};
    Failure failure;
};

/// Why a batch was refused. Certain: nothing of it is on the disk.
enum class AppendError : std::uint8_t {
    storage_full,  ///< no room for batches of this admission: STORAGE_FULL
    queue_full,    ///< more waits than `limits::queued_*`: try again later
    stopped,       ///< after `stop`, or after the storage failed: STORAGE_FAILED
};

/// What the disk leaves room for.
enum class SpaceState : std::uint8_t {
    normal,
    below_watermark,  ///< `Admission::progress` and `closing`
    closing_only,     ///< what is free besides the reserve is for `Admission::closing`, or the reserve is in use
    read_only,        ///< nothing: the reserve is spent, or neither it nor the database could be written at the start
};

/// Free and total bytes of the file system.
struct DiskSpace {
    Bytes free;
    Bytes total;
};

/// Where a test may look in, or end the process. `log_copied` is the end of copying the log into the database.
enum class CrashPoint : std::uint8_t {
    before_write,
    written_not_committed,
    committed_not_reported,
    log_copied,
    cut_not_committed,  ///< a step of taking old records away
    cut_committed,
};

struct JournalOptions {
    std::string program_version = "0.1.0";  ///< named to an older program that is given this database
    Bytes watermark = mebibytes(512);       ///< or `watermark_percent` of the file system, whichever is less
    unsigned watermark_percent = 2;
    Bytes reserve = mebibytes(16);  ///< a file beside the database, given up when the disk is full
    Logger log;

    /// Records that are older are cut off the journal's front, in small pieces between commits; a record
    /// `journal:checkpoint` then stands for them (reader.hpp). None: they stay.
    std::optional<Duration> keep;
    Duration cut_interval = std::chrono::hours(1);  ///< how often it is looked for such records, from the start on

    /// A commit's outcome is unknown or a sync failed. Called once, on the journal thread, after which nothing is
    /// written or reported any more. Must end the process without a reply; the default is `_Exit(75)` (EX_TEMPFAIL).
    std::function<void(const Failure&)> storage_failed;

    /// Where nothing can be written (the file system is full, or mounted read-only) it opens all the same, refuses
    /// every batch with `storage_full`, and can be read. False: it does not open then.
    bool may_be_read_only = false;

    // For tests; empty ones mean the real thing.
    std::function<Result<DiskSpace>()> disk_space;
    std::function<WallTime()> now;
    std::function<void(CrashPoint)> reached;  ///< called on the journal thread
    std::string vfs;                          ///< name of a registered SQLite VFS
};

/// What was committed: `last` is the sequence of the batch's last record, or of the head if it had none.
struct Commit {
    Sequence first = 0;  ///< of the batch's first record; `last + 1` if it had none
    Sequence last = 0;

    bool operator==(const Commit&) const = default;
};
using CommitResult = std::expected<Commit, AppendError>;

/// Counters since the opening.
struct JournalMetrics {
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
    std::uint64_t transactions = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t refused = 0;         ///< batches, for whatever reason
    std::uint64_t cut_records = 0;     ///< taken off the front
    std::uint64_t queued_batches = 0;  ///< now
    std::uint64_t log_pages = 0;       ///< of the write-ahead log, now
    Duration commit_time_total{};      ///< spent in transactions, their fsync included
    Duration commit_time_longest{};
};

/// Owns the database's only writing connection, its thread, its lock file and its reserve. Thread-safe.
/// Readers that it opened must be destroyed before it.
class Journal {
  public:
    using Callback = std::move_only_function<void(CommitResult)>;

    /// Opens the database at `path`, or makes it (mode 0600) in an existing folder; brings an older form up to date.
    /// Blocking. Takes `path`.lock and `path`.reserve as well.
    [[nodiscard]] static std::expected<std::unique_ptr<Journal>, OpenError> open(const std::filesystem::path& path,
                                                                                 JournalOptions options);
    ~Journal();  ///< as `stop`

    /// Whether a batch of this kind would be taken now. Ask before changing the state that the batch will describe.
    [[nodiscard]] std::expected<void, AppendError> admits(Admission admission) const;

    /// Queues the batch, or refuses it as `admits` does and drops `committed`. Batches commit in the order of the
    /// calls; `committed` runs on the journal thread, in order, and should only post. It gets an error only when the
    /// disk filled up with the batch in the queue: then every batch behind it is refused too, and so is each later one,
    /// because they may rest on it. A caller whose state is ahead of the disk, for either refusal, must recover from
    /// the disk.
    [[nodiscard]] std::expected<void, AppendError> append(Batch batch, Callback committed);

    /// A connection for reading, for one thread at a time.
    [[nodiscard]] Result<std::unique_ptr<Reader>> open_reader() const;

    /// Copies all that is committed to `target`, which must not exist, and its manifest beside it (backup.hpp); checks
    /// the copy. Blocking, for as long as writing and reading it take: not for the journal's or the kernel's thread.
    /// Commits go on meanwhile. A failure leaves no `target`; so does a stop, which is looked for all
    /// the time.
    [[nodiscard]] Result<BackupManifest> backup(const std::filesystem::path& target,
                                                const std::stop_token& stop = {}) const;

    /// The newest committed record and its hash. Kept outside as well, it shows that a journal lost its end.
    [[nodiscard]] JournalHead head() const;

    [[nodiscard]] SpaceState space() const;

    /// Why it was opened to be read only, for as long as it is open; none if it can be written.
    [[nodiscard]] const std::optional<Failure>& read_only_cause() const;
    [[nodiscard]] JournalMetrics metrics() const;

    /// Refuses new batches, commits and reports the queued ones, copies the log into the database, closes. Idempotent;
    /// for the owner only, never from a callback.
    void stop();

  private:
    class Engine;
    explicit Journal(std::unique_ptr<Engine> engine);

    [[nodiscard]] static std::expected<std::unique_ptr<Engine>, OpenError> open_to_write(
        const std::filesystem::path& path, const JournalOptions& options);
    [[nodiscard]] static std::expected<std::unique_ptr<Engine>, OpenError> open_read_only(
        const std::filesystem::path& path, const JournalOptions& options, OpenError cause);

    std::unique_ptr<Engine> engine_;
};

}  // namespace rbees::store
