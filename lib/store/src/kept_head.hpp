#pragma once
/// @file
/// The newest committed head, kept beside the database, so that a log that lost its end is noticed.
///
/// SQLite takes a log that was cut or removed for one that ends there: the database is good, and older. The file says
/// how far it had come. It is written after each commit and never synced, so after a power cut it may be older than the
/// database, but it is never newer.

#include <filesystem>
#include <optional>

#include "rbees/base/failure.hpp"
#include "rbees/base/files.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::store {

[[nodiscard]] std::filesystem::path kept_head_file(const std::filesystem::path& database);

/// None if there is no file, or nothing in it that can be read.
[[nodiscard]] std::optional<JournalHead> read_kept_head(const std::filesystem::path& database);

/// A sentence that says what a database lacks that ends in `head`; none if it has all that is known of it.
[[nodiscard]] std::optional<Failure> check_kept_head(const std::filesystem::path& database, const JournalHead& head);

/// The file, open for writing. One thread.
class KeptHead {
  public:
    /// Where it cannot be made nothing is kept.
    explicit KeptHead(const std::filesystem::path& database);

    /// Of a head that is durable. A disk that has no room for it leaves the one before.
    void write(const JournalHead& head);

  private:
    UniqueFd file_;
};

}  // namespace rbees::store
