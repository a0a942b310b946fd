#include "rbees/base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "file_writing.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/random.hpp"

namespace rbees {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_chunk_bytes = std::size_t{64} << 10;
constexpr std::size_t suffix_bytes = 8;

std::unexpected<Failure> fail_at(std::string_view what, const fs::path& path) {
    const auto remedy = remedy_for_errno(errno);
    return fail_with_errno(fmt::format("cannot {} {}", what, path.native()), remedy);
}

int open_retrying(const fs::path& path, int flags, unsigned mode = 0) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Result<void> sync_folder(const fs::path& folder) {
    const UniqueFd fd(open_retrying(folder, O_RDONLY | O_DIRECTORY));
    if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_at("sync", folder);
    return {};
}

/// Removes a half-written file unless it was renamed to its place.
class TemporaryFile {
  public:
    explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
    ~TemporaryFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] int rename_to(const fs::path& target) {
        const int outcome = ::rename(path_.c_str(), target.c_str());
        if (outcome == 0) path_.clear();
        return outcome;
    }

  private:
    fs::path path_;
};

}  // namespace

void UniqueFd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

std::string remedy_for_errno(int code) {
    switch (code) {
        case ENOSPC:
        case EDQUOT:
            return "free some space on that file system";
        case EACCES:
        case EPERM:
            return "check who owns it and its permissions";
        case EROFS:
            return "that file system is read-only; choose another folder";
        case EMFILE:
        case ENFILE:
            return "raise the limit of open files (ulimit -n)";
        default:
            return {};
    }
}

Result<void> write_and_sync(int fd, std::string_view content, const fs::path& path) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_at("write", path);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(fd) != 0) return fail_at("sync", path);
    return {};
}

Result<std::string> read_file(const fs::path& path, Bytes limit) {
    const UniqueFd fd(open_retrying(path, O_RDONLY));
    if (!fd.valid()) return fail_at("open", path);
    std::string content;
    std::array<char, read_chunk_bytes> chunk;
    while (true) {
        const auto got = ::read(fd.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_at("read", path);
        if (got == 0) return content;
        content.append(chunk.data(), static_cast<std::size_t>(got));
        if (content.size() > limit.value) {
            return fail(fmt::format("{} is larger than {}", path.native(), describe(limit)));
        }
    }
}

Result<std::string> read_first_line(const fs::path& path) {
    auto text = read_file(path, kibibytes(4));
    if (text) text->resize(std::min(text->find_first_of("\r\n"), text->size()));
    return text;
}

Result<void> write_file_atomically(const fs::path& path, std::string_view content, FileAccess access) {
    const auto folder = folder_of(path);
    const auto suffix = to_hex(random_bytes(suffix_bytes));
    const auto beside = folder / fmt::format(".{}.{}.tmp", path.filename().native(), suffix);
    UniqueFd fd(open_retrying(beside, O_WRONLY | O_CREAT | O_EXCL, static_cast<unsigned>(access)));
    if (!fd.valid()) return fail_at("write", path);
    TemporaryFile temporary(beside);
    if (auto written = write_and_sync(fd.get(), content, path); !written) return written;
    if (::close(fd.release()) != 0) return fail_at("write", path);
    if (temporary.rename_to(path) != 0) return fail_at("write", path);
    return sync_folder(folder);
}

Result<void> make_private_folder(const fs::path& path) {
    const auto folder = path.has_filename() ? path : path.parent_path();
    std::error_code error;
    if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
    if (error)
        return fail(fmt::format("cannot make folder {}: {}", folder.parent_path().native(), error.message()),
                    remedy_for_errno(error.value()));
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_at("make folder", folder);
    if (!fs::is_directory(folder, error)) {
        return fail(fmt::format("{} is not a folder", folder.native()), "move it away or choose another folder");
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return fail_at("write to folder", folder);
    return {};
}

Result<Bytes> free_space(const fs::path& path) {
    std::error_code error;
    auto existing = fs::absolute(path, error);
    if (error) return fail(fmt::format("cannot find {}: {}", path.native(), error.message()));
    struct statvfs status{};
    while (::statvfs(existing.c_str(), &status) != 0) {
        if (errno == EINTR) continue;
        if (errno != ENOENT || existing == existing.parent_path()) return fail_at("ask for the free space of", path);
        existing = existing.parent_path();
    }
    return Bytes(std::uint64_t{status.f_bavail} * status.f_frsize);
}

}  // namespace rbees
