#pragma once
/// @file
/// A reader's connection and what it knows to say about damage.

#include <fmt/format.h>

#include <functional>
#include <stop_token>
#include <string>

#include "checksum.hpp"
#include "rbees/store/reader.hpp"
#include "sqlite.hpp"

namespace rbees::store {

/// The next record of a walk along the chain, and the hash of the one before it.
struct ChainPlace {
    Sequence next = 1;
    Sha256Digest previous{};
};

class Reader::Connection {
  public:
    using Visit = std::function<void(const StoredRecord&)>;

    Connection(Database database, std::string name) : database_(std::move(database)), name_(std::move(name)) {}

    [[nodiscard]] const Database& database() const { return database_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] FieldHasher& hasher() { return hasher_; }

    /// A statement failed.
    [[nodiscard]] std::unexpected<Failure> fail_with(const SqlError& error) const {
        auto failure = to_failure("read " + name_, error);
        if (error.is_damage()) failure.remedy = damage_remedy;
        return std::unexpected(std::move(failure));
    }

    /// Content is not what its checksum says.
    [[nodiscard]] std::unexpected<Failure> fail_damaged(const std::string& what) const {
        return fail(what + " in " + name_ + " is damaged", damage_remedy);
    }

    /// A record is not where it should be.
    [[nodiscard]] std::unexpected<Failure> fail_missing(Sequence sequence) const {
        return fail_damaged(fmt::format("record {} is missing; the journal", sequence));
    }

    /// Walks on by limits::replay_rows records, up to `last`, and hands out those from `from` on. Where the first of
    /// them is not there, the place stays as it is.
    [[nodiscard]] Result<void> replay_chunk(ChainPlace& place, Sequence from, Sequence last, const Visit& visit);

    /// Ends what runs on this connection soon after `stop` was asked for, with a failure.
    void stop_with(const std::stop_token& stop) {
        stop_ = stop;
        database_.end_with(stop_);
    }

  private:
    static constexpr const char* damage_remedy = "restore a backup; keep this file, it may help to find the cause";

    Database database_;
    std::string name_;
    FieldHasher hasher_;
    std::stop_token stop_;
};

/// A connection that never writes. Where the file system takes no writes, so that SQLite cannot make the log's index,
/// it reads the database by itself if there is nothing in the log.
[[nodiscard]] Sql<Database> open_to_read(const std::filesystem::path& path, const std::string& vfs);

/// The columns that `entity_of` reads, in its order.
inline constexpr std::string_view entity_columns =
    "kind, id, phase, status, model, owner, parent, created_at, sequence, json, checksum, due_at";

/// The current row as an entity, unless its checksum denies it.
[[nodiscard]] std::optional<EntityRow> entity_of(const Statement& row, FieldHasher& hasher);

/// The current row (id, salt, bytes, checksum) as a payload, unless its checksum denies it.
[[nodiscard]] std::optional<PayloadWrite> payload_of(const Statement& row, FieldHasher& hasher);

/// The ids that begin with a prefix are those from it up to this one, exclusive, in SQLite's order of bytes.
/// The prefix must be one as of Batch::erased_payload_prefixes.
[[nodiscard]] std::string end_of_prefix(std::string_view prefix);

}  // namespace rbees::store
