#pragma once
/// @file
/// Whether a journal that could only be opened for reading could be opened to write by now.
///
/// SQLite's connections must not be disturbed for the answer: opening and closing a database's file a second time drops
/// the locks of the whole process. So nothing of the journal is opened; a file beside it is written instead.

#include <filesystem>

#include "rbees/base/failure.hpp"

namespace rbees::store {

/// Whether the cause for which `Journal::read_only_cause` is set seems to be gone: the files of the journal at `path`
/// may be written, and a file beside them (`path`.probe) can be, reaches the disk, and goes again. Changes nothing
/// else. Blocking, for as long as a disk takes that is not well. Thread-safe, one call at a time.
[[nodiscard]] Result<void> probe_writing(const std::filesystem::path& path);

}  // namespace rbees::store
