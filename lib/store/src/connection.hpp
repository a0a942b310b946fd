#pragma once
/// @file
/// A reader's connection and what it knows to say about damage.

#include <string>

#include "checksum.hpp"
#include "rbees/store/reader.hpp"
#include "sqlite.hpp"

namespace rbees::store {

class Reader::Connection {
  public:
    Connection(Database database, std::string name) : database_(std::move(database)), name_(std::move(name)) {}

    [[nodiscard]] const Database& database() const { return database_; }
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

  private:
    static constexpr const char* damage_remedy = "restore a backup; keep this file, it may help to find the cause";

    Database database_;
    std::string name_;
    FieldHasher hasher_;
};

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
