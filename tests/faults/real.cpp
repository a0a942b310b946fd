#include "real.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace rbees::faults {
namespace {

template <class Function>
void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
    if (function != nullptr) return;
    std::fprintf(stderr, "faulty disk: the C library has no %s\n", name);
    std::abort();
}

Real find_all() {
    Real real{};
    find(real.open, "open");
    find(real.openat, "openat");
    find(real.fopen, "fopen");
    find(real.write, "write");
    find(real.pwrite, "pwrite");
    find(real.writev, "writev");
    find(real.sendfile, "sendfile");
    find(real.ftruncate, "ftruncate");
    find(real.fallocate, "fallocate");
    find(real.posix_fallocate, "posix_fallocate");
    find(real.fsync, "fsync");
    find(real.fdatasync, "fdatasync");
    find(real.rename, "rename");
    find(real.link, "link");
    find(real.unlink, "unlink");
    find(real.remove, "remove");
    find(real.access, "access");
    find(real.statvfs, "statvfs");
    return real;
}

}  // namespace

const Real& real() {
    static const Real found = find_all();
    return found;
}

}  // namespace rbees::faults
