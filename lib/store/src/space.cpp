#include "space.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "rbees/base/files.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {

Space::Space(SpaceOptions options) : options_(std::move(options)), reserve_path_(options_.database) {
    reserve_path_ += ".reserve";
    if (auto made = make_reserve(); made) {
        reserve_ = Reserve::held;
    } else {
        options_.log.error("no room for the reserve; read-only until there is", {{"cause", describe(made.error())}});
    }
    refresh();
}

void Space::refresh() {
    look();
}

DiskSpace Space::look() {
    const auto disk = measure();
    const bool has_room = disk.free >= effective_watermark(disk) + options_.reserve;
    if (reserve_ != Reserve::held && has_room && make_reserve()) {
        reserve_ = Reserve::held;
        options_.log.info("space came back; the reserve is there again");
    }
    judge(disk);
    return disk;
}

bool Space::make_room(Bytes needed) {
    if (look().free >= needed + limits::free_margin) return true;
    if (!give_up_reserve()) return false;
    return measure().free >= needed;
}

bool Space::give_up_reserve() {
    if (reserve_ != Reserve::held) return false;
    ::unlink(reserve_path_.c_str());
    reserve_ = Reserve::spent;
    options_.log.warning("disk full; gave up the reserve for what ends work",
                         {{"reserve", describe(options_.reserve)}});
    judge(measure());
    return true;
}

DiskSpace Space::measure() {
    auto disk = options_.disk_space();
    if (is_measurable_ && !disk) {
        options_.log.warning("cannot measure free space; assuming enough", {{"cause", describe(disk.error())}});
    }
    is_measurable_ = disk.has_value();
    constexpr Bytes enough(std::numeric_limits<std::uint64_t>::max());
    return disk ? *disk : DiskSpace{enough, enough};
}

Bytes Space::effective_watermark(const DiskSpace& disk) const {
    return std::min(options_.watermark, Bytes(disk.total.value / 100 * options_.watermark_percent));
}

Result<void> Space::make_reserve() const {
    UniqueFd fd(::open(reserve_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_with_errno("cannot make " + reserve_path_.native());
    if (options_.reserve.value == 0) return {};
    int error = EINTR;
    while (error == EINTR)
        error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(options_.reserve.value));
    if (error == 0) return {};
    ::unlink(reserve_path_.c_str());
    errno = error;
    return fail_with_errno(fmt::format("cannot reserve {} in {}", describe(options_.reserve), reserve_path_.native()),
                           "free some space on that file system");
}

void Space::judge(const DiskSpace& disk) {
    const bool is_above = disk.free >= effective_watermark(disk);
    auto state = SpaceState::below_watermark;
    if (reserve_ == Reserve::held && is_above) state = SpaceState::normal;
    const bool leaves_room = disk.free >= Bytes(effective_watermark(disk).value / limits::progress_share);
    if (reserve_ == Reserve::spent || !leaves_room) state = SpaceState::closing_only;
    if (reserve_ == Reserve::missing) state = SpaceState::read_only;
    if (reserve_ == Reserve::spent && disk.free < limits::free_margin) state = SpaceState::read_only;
    const auto before = state_.exchange(state, std::memory_order_relaxed);
    if (before == state) return;
    constexpr std::string_view names[] = {"normal", "below_watermark", "closing_only", "read_only"};
    options_.log.warning("storage space changed", {{"from", names[static_cast<int>(before)]},
                                                   {"to", names[static_cast<int>(state)]},
                                                   {"free", describe(disk.free)}});
}

Result<DiskSpace> measure_disk(const std::filesystem::path& folder) {
    struct statvfs status{};
    int outcome = -1;
    do {
        outcome = ::statvfs(folder.c_str(), &status);
    } while (outcome != 0 && errno == EINTR);
    if (outcome != 0) return fail_with_errno("cannot measure the space of " + folder.native());
    const std::uint64_t block = status.f_frsize;
    return DiskSpace{Bytes(status.f_bavail * block), Bytes(status.f_blocks * block)};
}

}  // namespace rbees::store
