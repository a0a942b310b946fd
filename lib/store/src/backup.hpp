#pragma once
/// @file
/// The steps of backups that the journal and tests need by themselves.

#include <functional>
#include <stop_token>

#include "rbees/store/backup.hpp"

namespace rbees::store {

/// Copies the database, which may be in use, to `target`, which must not exist.
///
/// VACUUM INTO on a connection of its own: one read transaction, so commits go on beside it and are not part of it;
/// only the log cannot begin anew meanwhile. The online backup API on the writing connection would take its steps
/// between commits, and copy free pages too.
[[nodiscard]] Result<BackupManifest> create_backup(const std::filesystem::path& database,
                                                   const std::filesystem::path& target, const std::string& vfs,
                                                   const std::stop_token& stop = {});

/// A restore that calls `step` before each change of a file.
[[nodiscard]] Result<Restored> restore_in_steps(const std::filesystem::path& backup,
                                                const std::filesystem::path& database,
                                                const std::function<void()>& step);

/// There while a restore replaces the database: it must not be opened then.
[[nodiscard]] std::filesystem::path restoring_marker(const std::filesystem::path& database);

/// Makes the file if it is not there, for its owner only; SQLite gives its other files the same mode. Never called
/// while this process has the database open: closing any descriptor of it would drop SQLite's locks.
[[nodiscard]] Result<void> make_private_file(const std::filesystem::path& path);

/// Makes the names of new files durable.
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& path);

/// `path` with something behind its name.
[[nodiscard]] std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

}  // namespace rbees::store
