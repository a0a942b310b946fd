#pragma once
/// @file
/// Reading the store: entities for recovery and lists, records for replay and audit, payloads.
///
/// A reader has a connection of its own, so lists never wait for a commit and see only what is committed. It never
/// writes and never checkpoints. Everything that it hands out was checked against its checksum first: damaged content
/// is named, never served.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/failure.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/time.hpp"
#include "rbees/store/batch.hpp"

namespace rbees::store {

/// A record as it lies in the journal. `hash` covers the predecessor's hash and all fields, so it is checksum and
/// chain.
struct StoredRecord {
    Sequence sequence = 0;
    WallTime at{};
    Record record;
    Sha256Digest hash{};
};

/// The end of the chain: 0 and zeros while it is empty.
struct JournalHead {
    Sequence sequence = 0;
    Sha256Digest hash{};

    bool operator==(const JournalHead&) const = default;
};

/// An entity and the last record of the batch that wrote it. Never `erased`.
struct EntityRow {
    EntityChange entity;
    Sequence sequence = 0;

    bool operator==(const EntityRow&) const = default;
};

/// Which entities of a kind a list shows; what is not set does not restrict.
struct EntityFilter {
    std::optional<EntityPhase> phase;
    std::optional<std::string> status;
    std::optional<std::string> model;
    std::optional<std::string> owner;
    std::optional<std::string> parent;
    std::optional<WallTime> created_from;    ///< inclusive
    std::optional<WallTime> created_before;  ///< exclusive
};

/// Where a page ended. Entities that are added later do not move it.
struct PageCursor {
    WallTime created_at{};
    std::string id;

    bool operator==(const PageCursor&) const = default;
};

/// The text that goes to clients and comes back, and its reading; fails for a text that is no cursor.
[[nodiscard]] std::string to_text(const PageCursor& cursor);
[[nodiscard]] Result<PageCursor> parse_cursor(std::string_view text);

/// One page, newest first (ties by id, descending).
struct EntityPage {
    std::vector<EntityRow> rows;
    std::optional<PageCursor> next;    ///< absent on the last page
    std::vector<std::string> damaged;  ///< ids whose row failed its checksum; left out of `rows`
};

/// What is due, the longest due first (ties by id).
struct DueEntities {
    std::vector<EntityRow> rows;
    std::vector<std::string> damaged;  ///< ids whose row failed its checksum; they do not count as rows
};

/// Which part of the chain a page shows; what is not set does not restrict.
struct RecordFilter {
    Sequence after = 0;
    std::optional<std::string> type;
};

/// Records in their order.
struct RecordPage {
    std::vector<StoredRecord> records;
    std::optional<Sequence> next;  ///< `after` of the page behind; absent at the head. A page may be empty and have one
};

/// What a check of everything found.
struct VerifyReport {
    Sequence first = 1;         ///< where the chain begins; before it records were cut off, as a checkpoint vouches
    std::uint64_t records = 0;  ///< good ones, from there on
    std::uint64_t entities = 0;
    std::uint64_t payloads = 0;
    JournalHead head;                          ///< of the good ones
    std::optional<std::string> first_problem;  ///< a sentence; empty = all is well
};

/// A read connection. Not thread-safe; may be handed from thread to thread. Blocking, typically below a millisecond.
class Reader {
  public:
    /// A database in the newest form, such as a backup; one that a journal has open is `Journal::open_reader`'s.
    [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& path,
                                                              const std::string& vfs = {});
    ~Reader();

    /// Every live entity of the kind, by id. Fails at the first damaged one: a recovery must not go on without it.
    [[nodiscard]] Result<std::vector<EntityRow>> live_entities(std::string_view kind);

    /// One entity in any phase, or none.
    [[nodiscard]] Result<std::optional<EntityRow>> entity(std::string_view kind, std::string_view id);

    /// A page of at most `limit` rows (1 to limits::page_rows_max) after `cursor`, or the first page.
    [[nodiscard]] Result<EntityPage> list(std::string_view kind, const EntityFilter& filter,
                                          const std::optional<PageCursor>& cursor, std::size_t limit);

    /// Entities of the kind, in any phase, whose `due_at` is not behind `now`: at most `limit` (1 to
    /// limits::page_rows_max). One is due until a batch writes it with another time, or erases it.
    [[nodiscard]] Result<DueEntities> due(std::string_view kind, WallTime now, std::size_t limit);

    /// Hands out the records from `from` (1 = all) to the head of this moment, in order, each after its check; those
    /// that were cut off, before or meanwhile, are left out. Fails at the first that is missing or was changed, and
    /// names it; those before it were handed out.
    [[nodiscard]] Result<void> replay(Sequence from, const std::function<void(const StoredRecord&)>& visit);

    /// At most `limit` (1 to limits::page_rows_max) of the records that fit, each after its check; fewer where they are
    /// long or rare (limits::records_read_max, limits::records_scanned_max). Fails at a damaged one.
    [[nodiscard]] Result<RecordPage> records(const RecordFilter& filter, std::size_t limit);

    /// A payload, or none if it was erased or never written.
    [[nodiscard]] Result<std::optional<PayloadWrite>> payload(std::string_view id);

    /// Payloads whose ids begin with `prefix` (as of Batch::erased_payload_prefixes) and come after `after_id` (empty =
    /// from the first), by id: at most `limit` (1 to limits::page_rows_max), and fewer where they are long
    /// (limits::payloads_read_max). Only an empty answer means that there are no more. Fails at a damaged one.
    [[nodiscard]] Result<std::vector<PayloadWrite>> payloads(std::string_view prefix, std::string_view after_id,
                                                             std::size_t limit);

    /// The last payload of `prefix` whose id is not behind `id`, or none: where a stream is entered in the middle, if
    /// each payload is named after the first thing in it.
    [[nodiscard]] Result<std::optional<PayloadWrite>> payload_up_to(std::string_view prefix, std::string_view id);

    /// Checks every record, entity and payload, that the chain begins where a checkpoint vouches for, and that it
    /// passes through `known` (a head kept elsewhere; without one, that of `orcd.db.head`). Ends with a problem soon
    /// after `stop` was asked for.
    [[nodiscard]] VerifyReport verify(const std::optional<JournalHead>& known = std::nullopt,
                                      const std::stop_token& stop = {});

  private:
    class Connection;
    explicit Reader(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace rbees::store
