#include "rbees/store/write_probe.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "backup.hpp"
#include "rbees/base/files.hpp"

namespace rbees::store {
namespace {

/// More than an opening writes before its first commit is on the disk: the log's index, the head, the commit itself.
constexpr std::size_t probe_bytes = 256 * 1024;

/// The sizes of the journal's files, none of which is in our way.
Result<std::uint64_t> check_files(const std::filesystem::path& path) {
    std::uint64_t largest = 0;
    for (const std::string_view suffix : {"", "-wal", "-shm", ".lock", ".head", ".reserve"}) {
        const auto file = beside(path, suffix);
        struct stat status{};
        if (::stat(file.c_str(), &status) != 0) continue;
        if (::access(file.c_str(), R_OK | W_OK) != 0) return fail_with_errno("cannot write to " + file.native());
        largest = std::max(largest, static_cast<std::uint64_t>(status.st_size));
    }
    return largest;
}

/// `ulimit -f`: a file of its own may be below the limit where the journal's are not.
bool is_beyond_limit(std::uint64_t size) {
    rlimit limit{};
    return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur;
}

Result<void> write_synced(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_with_errno("cannot make " + file.native());
    const std::vector<char> zeros(probe_bytes);
    errno = ENOSPC;  // of a write that comes to less
    if (::write(fd.get(), zeros.data(), zeros.size()) != std::ssize(zeros)) {
        return fail_with_errno("cannot write to " + file.native());
    }
    if (::fsync(fd.get()) != 0) return fail_with_errno("cannot sync " + file.native());
    return {};
}

}  // namespace

Result<void> probe_writing(const std::filesystem::path& path) {
    const auto largest = check_files(path);
    if (!largest) return std::unexpected(largest.error());
    if (is_beyond_limit(*largest + probe_bytes)) return fail("files may not grow so large here (ulimit -f)");
    const auto probe = beside(path, ".probe");
    auto written = write_synced(probe);
    ::unlink(probe.c_str());
    if (!written) return written;
    return sync_folder(folder_of(path));
}

}  // namespace rbees::store
