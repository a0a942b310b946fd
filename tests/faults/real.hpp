#pragma once
/// @file
/// The C library's own functions, behind those that this library puts in front of them.

#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdio>

namespace rbees::faults {

struct Real {
    int (*open)(const char* path, int flags, ...);
    int (*openat)(int folder, const char* path, int flags, ...);
    FILE* (*fopen)(const char* path, const char* mode);
    ssize_t (*write)(int fd, const void* from, size_t size);
    ssize_t (*pwrite)(int fd, const void* from, size_t size, off_t offset);
    ssize_t (*writev)(int fd, const iovec* parts, int count);
    ssize_t (*sendfile)(int to, int from, off_t* offset, size_t size);
    int (*ftruncate)(int fd, off_t size);
    int (*fallocate)(int fd, int mode, off_t offset, off_t size);
    int (*posix_fallocate)(int fd, off_t offset, off_t size);
    int (*fsync)(int fd);
    int (*fdatasync)(int fd);
    int (*rename)(const char* from, const char* to);
    int (*link)(const char* from, const char* to);
    int (*unlink)(const char* path);
    int (*remove)(const char* path);
    int (*access)(const char* path, int mode);
    int (*statvfs)(const char* path, struct statvfs* status);
};

/// Looked up at the first call.
[[nodiscard]] const Real& real();

}  // namespace rbees::faults
