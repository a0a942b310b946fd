#pragma once
/// @file
/// The form of the database file, and how an older form becomes the newest.

#include <expected>
#include <span>
#include <string>

#include "rbees/store/journal.hpp"
#include "sqlite.hpp"

namespace rbees::store {

/// SQLite's "application id" of our files: "rbee".
inline constexpr std::int64_t application_id = 0x72626565;

/// One step of the form: the SQL that leads from version N - 1 to N, its place in the list being N - 1.
using Migration = const char*;

/// All steps of this release; their number is the form that it reads and writes.
[[nodiscard]] std::span<const Migration> migrations();

/// Refuses a file that is not ours or newer than `steps`, and changes nothing in it. Else sets the connection up and
/// takes the missing steps, each in a transaction of its own with its version number: an interrupted one is taken
/// again. `name` is the file's, for the messages.
[[nodiscard]] std::expected<void, OpenError> bring_up_to_date(const Database& database,
                                                              std::span<const Migration> steps,
                                                              const std::string& program_version,
                                                              const std::string& name);

/// An OpenError for a failed statement.
[[nodiscard]] OpenError to_open_error(std::string_view what, const SqlError& error);

}  // namespace rbees::store
