#pragma once
/// @file
/// Where the chain of records begins after older ones were cut off, and the record that vouches for it.
///
/// A checkpoint is a record of the chain that says up to which record the chain before it may be deleted, and that
/// record's hash. The table `start` says how far the deleting has come and which checkpoint allows it, so a front that
/// was cut off by somebody else is found: no checkpoint vouches for it, and none can be added without the end's hash
/// changing.

#include <optional>
#include <string>

#include "checksum.hpp"
#include "rbees/store/journal.hpp"
#include "rbees/store/reader.hpp"
#include "sqlite.hpp"

namespace rbees::store {

/// The one record type that is the store's own.
inline constexpr std::string_view checkpoint_type = "journal:checkpoint";

struct ChainStart {
    Sequence first = 1;       ///< the oldest record that is there, or the next one while there is none
    Sha256Digest before{};    ///< hash of the record before it
    Sequence checkpoint = 0;  ///< the record that allows it; 0 = nothing was ever cut

    bool operator==(const ChainStart&) const = default;
};

[[nodiscard]] Sql<ChainStart> read_start(const Database& database);

/// The record that allows to delete everything up to `last`, which was decided at `at`.
[[nodiscard]] Record checkpoint_record(const JournalHead& last, WallTime at);

/// What a checkpoint stands for; none if the record is not one.
[[nodiscard]] std::optional<JournalHead> read_checkpoint(const Record& record);

/// A sentence that says why the chain cannot begin where the table says it does; none if its checkpoint allows it. The
/// checkpoint's own place in the chain is found out by a replay. Inside one transaction.
[[nodiscard]] Sql<std::optional<std::string>> check_start(const Database& database, FieldHasher& hasher);

/// The chain's end, after a look at both of its ends: that the last record is what the head says and follows from the
/// one before, and `check_start`. What lies between is not read. `name` is the file's, for the messages.
[[nodiscard]] std::expected<JournalHead, OpenError> check_ends(const Database& database, FieldHasher& hasher,
                                                               const std::string& name);

}  // namespace rbees::store
