#pragma once
/// @file
/// Where the bytes of one source lie in the cache that all homes share.
///
/// The name holds the model's slug, for people, and a digest of the source: another source under the same slug is
/// another file. `.json` beside it says that it was verified; `.pin` holds the hash of the first download, and outlives
/// the file.

#include <filesystem>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::poold {

class CacheEntry {
  public:
    CacheEntry(const std::filesystem::path& cache, const ModelId& id, const contracts::ModelSource& source);

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] std::filesystem::path manifest() const { return with(".json"); }
    [[nodiscard]] std::filesystem::path lock() const { return with(".lock"); }
    [[nodiscard]] std::filesystem::path pin() const { return with(".pin"); }

    /// The hash that every later download must have, if there was one.
    [[nodiscard]] std::optional<std::string> pinned() const;
    [[nodiscard]] Result<void> write_pin(const std::string& sha256) const;

  private:
    [[nodiscard]] std::filesystem::path with(const char* suffix) const;

    std::filesystem::path stem_;
    std::filesystem::path file_;
};

enum class Leftovers : bool { none, deleted };

/// Deletes what unfinished downloads of a model left, from whatever source. What somebody else works on stays.
[[nodiscard]] Leftovers drop_unfinished(const std::filesystem::path& cache, const ModelId& id);

/// Deletes the cache's files of a model that no home links to any more. Pins stay.
void drop_unused(const std::filesystem::path& cache, const ModelId& id,
                 const std::vector<contracts::ModelSource>& sources);

}  // namespace rbees::poold
