#pragma once
/// @file
/// What each daemon leaves in its home while it runs, so that others find it: who it is and where it listens.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "rbees/base/failure.hpp"

namespace rbees::daemon {

/// A process's file in the state folder (contracts::ProcessFile as JSON). Exists as long as the object; a process that
/// is killed leaves it behind, and readers tell by pid, start time and boot that it is stale. Movable, one owner.
class ProcessFile {
  public:
    /// Writes the file for this process, atomically. Fails if the folder cannot be written.
    [[nodiscard]] static Result<ProcessFile> write(std::filesystem::path path, std::string name,
                                                   std::optional<std::string> url);
    ~ProcessFile();
    ProcessFile(ProcessFile&& other) noexcept;
    ProcessFile& operator=(ProcessFile&&) = delete;
    ProcessFile(const ProcessFile&) = delete;
    ProcessFile& operator=(const ProcessFile&) = delete;

  private:
    explicit ProcessFile(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;  ///< empty once moved from
};

}  // namespace rbees::daemon
