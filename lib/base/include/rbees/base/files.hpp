#pragma once
/// @file
/// Small files, written so that a crash leaves the old content or the new, never a mixture. Blocking; for shells.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/base/failure.hpp"
#include "rbees/base/units.hpp"

namespace rbees {

/// A file descriptor with one owner.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    ~UniqueFd() { reset(); }
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

/// Who may read a file.
enum class FileAccess : unsigned { everyone = 0644, owner_only = 0600 };

/// The whole file. Fails if it is absent, unreadable, or larger than `limit`.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, Bytes limit = mebibytes(16));

/// The first line without its end, for files that hold one word: tokens, notes. Fails as `read_file` does, also where
/// the file is larger than 4 KiB.
[[nodiscard]] Result<std::string> read_first_line(const std::filesystem::path& path);

/// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder.
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                                 FileAccess access);

/// Makes the folder and its parents; the last one 0700. A folder that is there keeps its permissions.
/// Fails with the reason if it cannot be written to.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& path);

/// An exclusive lock on a file, held until destruction or the end of the process. Says whether another holds it.
class FileLock {
  public:
    /// Makes the file if need be and writes our pid into it, if the disk takes it; the file stays when the lock goes.
    /// Fails with "... is held by process 123" while another holds it, in this process or in any other.
    [[nodiscard]] static Result<FileLock> acquire(const std::filesystem::path& path);

    /// Whether somebody holds it now. Also where it could not be acquired because nothing can be written there.
    [[nodiscard]] static bool is_held(const std::filesystem::path& path);

  private:
    explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

/// Free bytes for unprivileged users on the file system that holds `path`, or will hold it once it is made.
[[nodiscard]] Result<Bytes> free_space(const std::filesystem::path& path);

}  // namespace rbees
