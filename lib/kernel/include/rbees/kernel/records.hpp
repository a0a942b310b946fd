#pragma once
/// @file
/// The written form of records and entities: type names with versions, and rows.
///
/// A type's name and version are on people's disks: they never change their meaning. A new form of a record gets a
/// higher version, and its reader accepts the older ones. Golden journals of every release are replayed in the tests.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/failure.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/kernel/state.hpp"

namespace rbees::kernel {

/// A record as the journal holds it.
[[nodiscard]] RecordText write_record(const Record& record);

/// A record from the journal. Fails for an unknown type, a version that is newer than this program, or a damaged body.
[[nodiscard]] Result<Record> read_record(const RecordText& text);

/// The rows that these records touched, as `state` (after them) has them.
[[nodiscard]] std::vector<EntityRow> rows_of(const std::vector<Record>& records, const State& state);

/// The kinds of entities, for recovery.
inline constexpr std::string_view entity_kinds[] = {"node", "worker", "model", "token", "job"};

/// Puts a live row back into the state. Fails if the row cannot be read.
[[nodiscard]] Result<void> restore_row(State& state, std::string_view kind, std::string_view json);

}  // namespace rbees::kernel
