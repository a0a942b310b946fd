#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "file_writing.hpp"
#include "rbees/base/files.hpp"

namespace rbees {
namespace {

/// Who wrote the lock file. The holder may not have come to writing yet; then nobody can say.
std::string holder_in(int fd) {
    std::array<char, 20> text{};
    const auto size = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view written(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    const auto pid = written.substr(0, written.find('\n'));
    return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

/// For the messages of others. The lock holds without it, so a disk that takes no writes does not matter here.
void write_holder(int fd) {
    const auto text = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) != 0) return;
    [[maybe_unused]] const auto written = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) {
        const auto remedy = remedy_for_errno(errno);
        return fail_with_errno(fmt::format("cannot open lock file {}", path.native()), remedy);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail_with_errno(fmt::format("cannot lock {}", path.native()));
        return fail(fmt::format("{} is held by {}", path.native(), holder_in(fd.get())), "stop that process first");
    }
    write_holder(fd.get());
    return FileLock(std::move(fd));
}

bool FileLock::is_held(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return fd.valid() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace rbees
