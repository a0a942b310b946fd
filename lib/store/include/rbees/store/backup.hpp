#pragma once
/// @file
/// Copies of a journal's database that can be trusted: made while it is in use (`Journal::backup`), checked, put back.
///
/// A backup is two files: the database, and `PATH.manifest`, which says what must be in it. The manifest's head is kept
/// apart from the chain that it ends, so a backup that lost its end, or was changed, is found. The copy holds no erased
/// text and no free pages.

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/time.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::store {

/// What a backup holds.
struct BackupManifest {
    std::int64_t format = 0;  ///< of the database
    std::string program;      ///< the release that wrote the database's format
    JournalHead head;
    WallTime made_at{};

    bool operator==(const BackupManifest&) const = default;
};

/// As `Journal::backup`, of a database that no process has open. Changes nothing but `target` and its manifest.
[[nodiscard]] Result<BackupManifest> back_up(const std::filesystem::path& database, const std::filesystem::path& target,
                                             const std::stop_token& stop = {});

/// Reads all of the backup: every record, entity and payload, and that it ends where its manifest says. Fails with what
/// is wrong; changes nothing. Blocking, as long as reading takes; after a
/// stop was asked for it fails soon.
[[nodiscard]] Result<BackupManifest> verify_backup(const std::filesystem::path& backup,
                                                   const std::stop_token& stop = {});

/// What a restore did.
struct Restored {
    BackupManifest manifest;
    std::filesystem::path moved_aside;  ///< the database that was there, with its log beside it; empty = there was none
};

/// Puts a copy of the backup in the place of `database`, after the copy was checked. What was there is moved aside, to
/// `DATABASE.replaced-N`, never deleted. Refused while a process has the database open, and where the backup is not
/// good: then nothing was changed. Interrupted at any moment it leaves the old database, the new one, or one that
/// `Journal::open` refuses until the restore was run again; the old one is whole in all three. Blocking.
[[nodiscard]] Result<Restored> restore_backup(const std::filesystem::path& backup,
                                              const std::filesystem::path& database);

}  // namespace rbees::store
