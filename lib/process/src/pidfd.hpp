#pragma once
/// @file
/// The two system calls of pidfds. glibc 2.36 has wrappers, but its header does not declare them for C++.

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace rbees::process {

inline int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

inline int send_signal(int pidfd, int signal) {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U));
}

}  // namespace rbees::process
