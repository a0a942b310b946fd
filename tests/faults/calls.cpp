/// @file
/// The C library's functions as the program calls them: what is ours goes to the Disk, everything else on as it was.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "disk.hpp"
#include "real.hpp"

#define RBEES_CALL extern "C" __attribute__((visibility("default")))

namespace {

using rbees::faults::Disk;
using rbees::faults::real;

Disk* disk_of(int fd) {
    auto* disk = Disk::instance();
    return disk != nullptr && disk->has(fd) ? disk : nullptr;
}

int open_file(const char* path, int flags, mode_t mode) {
    auto* disk = Disk::instance();
    const auto name = disk != nullptr ? disk->name_of(path) : rbees::faults::Name();
    return name ? disk->open(*name, path, flags, mode) : real().open(path, flags, mode);
}

/// As fopen does with it.
int flags_of(const char* mode) {
    const bool is_both = std::strchr(mode, '+') != nullptr;
    const int close = std::strchr(mode, 'e') != nullptr ? O_CLOEXEC : 0;
    const int access = is_both ? O_RDWR : (*mode == 'r' ? O_RDONLY : O_WRONLY);
    if (*mode == 'r') return access | close;
    return access | close | O_CREAT | (*mode == 'a' ? O_APPEND : O_TRUNC);
}

FILE* open_stream(const char* path, const char* mode) {
    auto* disk = Disk::instance();
    if (disk == nullptr || !disk->name_of(path)) return real().fopen(path, mode);
    const int fd = open_file(path, flags_of(mode), 0666);
    return fd < 0 ? nullptr : ::fdopen(fd, mode);
}

int sync_file(int fd, int (*real_sync)(int)) {
    auto* disk = Disk::instance();
    return disk != nullptr ? disk->sync(fd, real_sync) : real_sync(fd);
}

int truncate_file(int fd, off_t size) {
    auto* disk = disk_of(fd);
    return disk != nullptr ? disk->truncate(fd, size) : real().ftruncate(fd, size);
}

ssize_t write_at(int fd, const void* from, size_t size, off_t offset) {
    auto* disk = disk_of(fd);
    if (disk == nullptr) return real().pwrite(fd, from, size, offset);
    return disk->write(fd, {static_cast<const char*>(from), size}, offset);
}

int allocate(int fd, off_t offset, off_t size) {
    auto* disk = disk_of(fd);
    return disk != nullptr ? disk->allocate(fd, offset, size) : real().posix_fallocate(fd, offset, size);
}

int remove_file(const char* path, int (*real_remove)(const char*)) {
    auto* disk = Disk::instance();
    return disk != nullptr && disk->name_of(path) ? disk->remove(path, real_remove) : real_remove(path);
}

int measure(const char* path, struct statvfs* status) {
    auto* disk = Disk::instance();
    const bool is_ours = disk != nullptr && (disk->is_folder(path) || disk->name_of(path));
    return is_ours ? disk->statvfs(path, status) : real().statvfs(path, status);
}

mode_t mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

RBEES_CALL int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

RBEES_CALL int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

RBEES_CALL int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return *path == '/' ? open_file(path, flags, mode) : real().openat(folder, path, flags, mode);
}

RBEES_CALL FILE* fopen(const char* path, const char* mode) {
    return open_stream(path, mode);
}

RBEES_CALL FILE* fopen64(const char* path, const char* mode) {
    return open_stream(path, mode);
}

RBEES_CALL ssize_t write(int fd, const void* from, size_t size) {
    auto* disk = disk_of(fd);
    if (disk == nullptr) return real().write(fd, from, size);
    return disk->write(fd, {static_cast<const char*>(from), size}, std::nullopt);
}

RBEES_CALL ssize_t pwrite(int fd, const void* from, size_t size, off_t offset) {
    return write_at(fd, from, size, offset);
}

RBEES_CALL ssize_t pwrite64(int fd, const void* from, size_t size, off64_t offset) {
    return write_at(fd, from, size, offset);
}

RBEES_CALL ssize_t writev(int fd, const iovec* parts, int count) {
    auto* disk = disk_of(fd);
    if (disk == nullptr) return real().writev(fd, parts, count);
    std::string all;
    for (int part = 0; part < count; ++part)
        all.append(static_cast<const char*>(parts[part].iov_base), parts[part].iov_len);
    return disk->write(fd, all, std::nullopt);
}

/// Into one of our files it does not copy, so that the caller writes: C++'s library does.
RBEES_CALL ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
    if (disk_of(to) == nullptr) return real().sendfile(to, from, offset, size);
    errno = EINVAL;
    return -1;
}

RBEES_CALL int ftruncate(int fd, off_t size) {
    return truncate_file(fd, size);
}

RBEES_CALL int ftruncate64(int fd, off64_t size) {
    return truncate_file(fd, size);
}

RBEES_CALL int posix_fallocate(int fd, off_t offset, off_t size) {
    return allocate(fd, offset, size);
}

RBEES_CALL int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    return allocate(fd, offset, size);
}

/// Other modes than the plain one are not offered.
RBEES_CALL int fallocate(int fd, int mode, off_t offset, off_t size) {
    if (disk_of(fd) == nullptr) return real().fallocate(fd, mode, offset, size);
    errno = mode != 0 ? EOPNOTSUPP : allocate(fd, offset, size);
    return errno == 0 ? 0 : -1;
}

RBEES_CALL int fsync(int fd) {
    return sync_file(fd, real().fsync);
}

RBEES_CALL int fdatasync(int fd) {
    return sync_file(fd, real().fdatasync);
}

RBEES_CALL int rename(const char* from, const char* to) {
    auto* disk = Disk::instance();
    const bool is_ours = disk != nullptr && (disk->name_of(from) || disk->name_of(to));
    return is_ours ? disk->rename(from, to) : real().rename(from, to);
}

RBEES_CALL int link(const char* from, const char* to) {
    auto* disk = Disk::instance();
    const bool is_ours = disk != nullptr && (disk->name_of(from) || disk->name_of(to));
    return is_ours ? disk->link(from, to) : real().link(from, to);
}

RBEES_CALL int unlink(const char* path) {
    return remove_file(path, real().unlink);
}

RBEES_CALL int remove(const char* path) {
    return remove_file(path, real().remove);
}

RBEES_CALL int access(const char* path, int mode) {
    auto* disk = Disk::instance();
    const bool is_ours = disk != nullptr && (disk->is_folder(path) || disk->name_of(path));
    return is_ours ? disk->access(path, mode) : real().access(path, mode);
}

RBEES_CALL int statvfs(const char* path, struct statvfs* status) {
    return measure(path, status);
}

RBEES_CALL int statvfs64(const char* path, struct statvfs64* status) {
    return measure(path, reinterpret_cast<struct statvfs*>(status));
}
