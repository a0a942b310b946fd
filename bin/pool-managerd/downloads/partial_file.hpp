#pragma once
/// @file
/// A file that is being downloaded: `<file>.partial` and its journal `<file>.partial.json`.

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

#include "rbees/base/failure.hpp"
#include "rbees/base/files.hpp"
#include "rbees/pool_core/download_plan.hpp"

namespace rbees::poold {

/// How bytes reach the disk, as pwrite: the number of written ones, or -1 and errno. Tests pass a disk that fills up.
using WriteAt = std::function<ssize_t(int fd, const void* bytes, std::size_t count, off_t offset)>;

/// Owns the open file. Not thread-safe, but `sync` and `save` may run on another thread while bytes are written.
class PartialFile {
  public:
    /// Opens or makes `<target>.partial`, with what its journal proves to be of `remote`'s bytes. The rest starts anew.
    [[nodiscard]] static Result<PartialFile> open(const std::filesystem::path& target, const pool::RemoteFile& remote,
                                                  WriteAt write_at = ::pwrite);

    /// Writes at an offset. Fails with how much space is missing if the disk is full.
    [[nodiscard]] Result<void> write(std::uint64_t offset, std::string_view bytes);

    [[nodiscard]] const pool::RangeSet& done() const { return done_; }
    [[nodiscard]] pool::DownloadJournal journal() const;

    /// Makes the bytes that `journal` claims durable, then writes the journal.
    [[nodiscard]] Result<void> save(const pool::DownloadJournal& journal) const;

    /// Takes the partial file and its journal away.
    static void discard(const std::filesystem::path& target);

    [[nodiscard]] static std::filesystem::path path_for(const std::filesystem::path& target);

  private:
    PartialFile(std::filesystem::path target, pool::RemoteFile remote, UniqueFd fd, pool::RangeSet done,
                WriteAt write_at);

    std::filesystem::path target_;
    pool::RemoteFile remote_;
    UniqueFd fd_;
    pool::RangeSet done_;
    WriteAt write_at_;
};

}  // namespace rbees::poold
