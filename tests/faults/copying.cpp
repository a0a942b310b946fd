#include "copying.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "real.hpp"

namespace rbees::faults {
namespace {

[[noreturn]] void give_up(const std::filesystem::path& path) {
    std::fprintf(stderr, "faulty disk: ");
    std::perror(path.c_str());
    std::abort();
}

/// The bytes from `begin` to `end`.
void copy_range(int from, int to, off_t begin, off_t end) {
    std::array<char, 65'536> piece;
    while (begin < end) {
        const auto wanted = std::min<std::size_t>(piece.size(), static_cast<std::size_t>(end - begin));
        const auto count = ::pread(from, piece.data(), wanted, begin);
        if (count <= 0) return;
        if (real().pwrite(to, piece.data(), static_cast<std::size_t>(count), begin) != count) give_up("a copy");
        begin += count;
    }
}

}  // namespace

int open_own(const std::filesystem::path& path, int more_flags) {
    const int fd = real().open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | more_flags, 0600);
    if (fd < 0) give_up(path);
    return fd;
}

void copy_content(const std::filesystem::path& from, const std::filesystem::path& to) {
    const int source = real().open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (source < 0) give_up(from);
    const int target = open_own(to, O_TRUNC);
    struct stat status{};
    if (::fstat(source, &status) != 0 || real().ftruncate(target, status.st_size) != 0) give_up(to);
    for (off_t end = 0; end < status.st_size;) {
        const off_t begin = ::lseek(source, end, SEEK_DATA);
        if (begin < 0) break;  // nothing but a hole is left
        end = ::lseek(source, begin, SEEK_HOLE);
        copy_range(source, target, begin, end);
    }
    ::close(source);
    ::close(target);
}

}  // namespace rbees::faults
