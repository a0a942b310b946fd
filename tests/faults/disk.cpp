#include "disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "real.hpp"

namespace rbees::faults {
namespace {

constexpr auto* dir_variable = "RBEES_FAULT_DIR";
constexpr auto* only_variable = "RBEES_FAULT_ONLY";
constexpr auto* control_variable = "RBEES_FAULT_CONTROL";
constexpr auto* power_variable = "RBEES_FAULT_POWER";

constexpr const char* or_empty(const char* text) {
    return text == nullptr ? "" : text;
}

void wait(std::chrono::milliseconds duration) {
    timespec until{};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    const auto nanoseconds = until.tv_nsec + std::chrono::nanoseconds(duration).count();
    until.tv_sec += nanoseconds / std::nano::den;
    until.tv_nsec = nanoseconds % std::nano::den;
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

std::string path_of(int fd) {
    std::array<char, PATH_MAX> path;
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    const auto length = ::readlink(link.c_str(), path.data(), path.size());
    return length <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

bool is_writing(int flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

}  // namespace

Disk* Disk::instance() {
    static const std::unique_ptr<Disk> disk = [] {
        const char* folder = std::getenv(dir_variable);
        if (folder == nullptr) return std::unique_ptr<Disk>();
        return std::unique_ptr<Disk>(
            new Disk(folder, or_empty(std::getenv(only_variable)), or_empty(std::getenv(control_variable))));
    }();
    return disk.get();
}

Disk::Disk(std::filesystem::path folder, const char* only, const char* control)
    : folder_(std::move(folder)),
      only_(only),
      control_(*control == '\0' ? folder_.native() + ".faults" : control),
      has_power_to_lose_(std::getenv(power_variable) != nullptr) {}

Name Disk::name_of_path(std::string_view path) const {
    const std::string_view folder = folder_.native();
    if (path.size() <= folder.size() + 1 || !path.starts_with(folder) || path[folder.size()] != '/') return {};
    path.remove_prefix(folder.size() + 1);
    if (!path.substr(path.rfind('/') + 1).starts_with(only_)) return {};
    return std::string(path);
}

Name Disk::name_of(const char* path) const {
    return path == nullptr ? Name() : name_of_path(path);
}

bool Disk::is_folder(const char* path) const {
    return path != nullptr && folder_ == path;
}

bool Disk::is_our_folder(const std::string& path) const {
    return folder_ == path || name_of_path(path + "/");
}

std::optional<Disk::Opened> Disk::find(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
    const Inode inode{status.st_dev, status.st_ino};
    auto found = known_.find(inode);
    // A file that was not opened by its name.
    if (found == known_.end()) found = known_.emplace(inode, name_of_path(path_of(fd))).first;
    if (!found->second) return {};
    return Opened{inode, status.st_size, found->second};
}

bool Disk::has(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const std::scoped_lock lock(mutex_);
    return find(fd).has_value();
}

void Disk::look_at_control() {
    struct stat status{};
    const bool is_there = ::stat(control_.c_str(), &status) == 0;
    if (!is_there && control_inode_ == 0) return;
    const bool is_same = is_there && control_inode_ == status.st_ino &&
                         control_changed_.tv_sec == status.st_mtim.tv_sec &&
                         control_changed_.tv_nsec == status.st_mtim.tv_nsec;
    if (is_same) return;
    control_inode_ = is_there ? status.st_ino : 0;
    control_changed_ = status.st_mtim;
    faults_ = {};
    writes_ = syncs_ = 0;
    if (is_there) load(control_);
}

void Disk::load(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    auto faults = parse_faults(text.str());
    if (!faults) {
        // A fault that is not understood would be a test that shows nothing.
        std::fprintf(stderr, "faulty disk: %s: %s\n", path.c_str(), faults.error().c_str());
        std::abort();
    }
    faults_ = *faults;
}

void Disk::forget_control() {
    real().unlink(control_.c_str());
    control_inode_ = 0;
    faults_ = {};
}

bool Disk::strikes(const Strike& strike, std::uint64_t count) {
    if (strike.at == 0 || count < strike.at) return false;
    if (strike.is_lasting) return true;
    if (count == strike.at) forget_control();
    return true;
}

void Disk::power_on() {
    if (!has_power_to_lose_ || was_powered_on_) return;
    was_powered_on_ = true;
    volume_ = Volume::power_on(folder_, folder_.native() + ".durable", only_);
}

int Disk::refuse(int error) const {
    errno = error;
    return -1;
}

int Disk::open(const std::string& name, const char* path, int flags, mode_t mode) {
    const std::scoped_lock lock(mutex_);
    power_on();
    look_at_control();
    const bool was_there = real().access(path, F_OK) == 0;
    if (faults_.is_read_only && is_writing(flags) && (was_there || (flags & O_CREAT) != 0)) return refuse(EROFS);
    struct stat before{};
    const bool is_cut = was_there && (flags & O_TRUNC) != 0 && ::stat(path, &before) == 0;
    const int fd = real().open(path, flags, mode);
    struct stat status{};
    if (fd < 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fd;
    const Inode inode{status.st_dev, status.st_ino};
    known_[inode] = name;
    if (faults_.room && is_cut) *faults_.room += static_cast<std::uint64_t>(before.st_size);
    if (!volume_ || !volume_->has(name) || !is_writing(flags)) return fd;
    volume_->opened(name, inode, !was_there);
    if (is_cut) volume_->file(inode)->cut_to(0);
    return fd;
}

Verdict Disk::admit_write(off_t size, off_t end, std::size_t bytes) {
    look_at_control();
    if (faults_.is_read_only) return {EROFS};
    if (strikes(faults_.write_error, ++writes_)) return {EIO};
    if (!faults_.room || end <= size) return {0, bytes};
    const auto growth = static_cast<std::uint64_t>(end - size);
    const auto missing = growth > *faults_.room ? growth - *faults_.room : 0;
    if (missing >= bytes) return {ENOSPC};
    *faults_.room -= growth - missing;
    return {0, bytes - missing};
}

ssize_t Disk::write(int fd, std::string_view bytes, std::optional<off_t> offset) {
    const std::scoped_lock lock(mutex_);
    const auto file = find(fd);
    const bool is_appending = !offset && (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
    const off_t own_place = is_appending && file ? file->size : ::lseek(fd, 0, SEEK_CUR);
    const off_t place = offset ? *offset : own_place;
    if (file) {
        const auto verdict = admit_write(file->size, place + static_cast<off_t>(bytes.size()), bytes.size());
        if (verdict.error != 0) return refuse(verdict.error);
        bytes = bytes.substr(0, verdict.bytes);
    }
    const auto count =
        offset ? real().pwrite(fd, bytes.data(), bytes.size(), *offset) : real().write(fd, bytes.data(), bytes.size());
    auto* unsynced = file && volume_ ? volume_->file(file->inode) : nullptr;
    if (unsynced != nullptr && count > 0) unsynced->wrote(place, bytes.substr(0, static_cast<std::size_t>(count)));
    return count;
}

int Disk::truncate(int fd, off_t size) {
    const std::scoped_lock lock(mutex_);
    const auto file = find(fd);
    look_at_control();
    if (file && faults_.is_read_only) return refuse(EROFS);
    const int outcome = real().ftruncate(fd, size);
    if (outcome != 0 || !file) return outcome;
    if (faults_.room && size < file->size) *faults_.room += static_cast<std::uint64_t>(file->size - size);
    if (auto* unsynced = volume_ ? volume_->file(file->inode) : nullptr; unsynced != nullptr) unsynced->cut_to(size);
    return outcome;
}

int Disk::allocate(int fd, off_t offset, off_t size) {
    const std::scoped_lock lock(mutex_);
    const auto file = find(fd);
    const off_t end = offset + size;
    if (file) {
        const auto verdict = admit_write(file->size, end, static_cast<std::size_t>(size));
        if (verdict.error != 0) return verdict.error;
        // All or nothing, other than a write.
        if (verdict.bytes < static_cast<std::size_t>(size)) return ENOSPC;
    }
    const int outcome = real().posix_fallocate(fd, offset, size);
    if (outcome != 0 || !file) return outcome;
    if (auto* unsynced = volume_ ? volume_->file(file->inode) : nullptr; unsynced != nullptr) unsynced->grow_to(end);
    return outcome;
}

int Disk::sync(int fd, int (*real_sync)(int)) {
    std::unique_lock lock(mutex_);
    const auto file = find(fd);
    if (!file && !is_our_folder(path_of(fd))) {
        lock.unlock();
        return real_sync(fd);
    }
    look_at_control();
    if (faults_.is_read_only) return refuse(EROFS);
    if (faults_.is_lying) return 0;
    auto* unsynced = file && volume_ ? volume_->file(file->inode) : nullptr;
    ++syncs_;
    if (volume_ && faults_.cut_at_sync == syncs_) lose_power();
    const std::chrono::milliseconds slow = faults_.slow;
    std::mt19937 random(faults_.seed);
    if (strikes(faults_.sync_error, syncs_)) {
        // Linux marks what it could not write as clean, and never tries again.
        if (unsynced != nullptr) unsynced->lose(random);
        return refuse(EIO);
    }
    lock.unlock();
    if (slow.count() > 0) wait(slow);
    if (!volume_) return real_sync(fd);
    lock.lock();
    unsynced = file ? volume_->file(file->inode) : nullptr;
    if (unsynced != nullptr) unsynced->sync();
    if (!file) volume_->sync_folder();
    return 0;
}

void Disk::lose_power() {
    const auto seed = faults_.seed;
    forget_control();
    volume_->cut(seed);
    ::kill(::getpid(), SIGKILL);
    std::abort();
}

void Disk::goes(const char* path) {
    struct stat status{};
    if (::stat(path, &status) != 0 || status.st_nlink != 1) return;
    if (faults_.room) *faults_.room += static_cast<std::uint64_t>(status.st_size);
    known_.erase({status.st_dev, status.st_ino});  // another file may get the number
}

int Disk::rename(const char* from, const char* to) {
    const std::scoped_lock lock(mutex_);
    look_at_control();
    const auto old_name = name_of(from);
    const auto new_name = name_of(to);
    if (faults_.is_read_only) return refuse(EROFS);
    if (volume_ && old_name) volume_->about_to_change(*old_name);
    if (volume_ && new_name) volume_->about_to_change(*new_name);
    if (new_name) goes(to);
    const int outcome = real().rename(from, to);
    if (outcome == 0 && volume_ && old_name && new_name) volume_->renamed(*old_name, *new_name);
    return outcome;
}

int Disk::link(const char* from, const char* to) {
    const std::scoped_lock lock(mutex_);
    look_at_control();
    const auto old_name = name_of(from);
    const auto new_name = name_of(to);
    if (faults_.is_read_only) return refuse(EROFS);
    if (volume_ && old_name) volume_->about_to_change(*old_name);
    const int outcome = real().link(from, to);
    if (outcome == 0 && volume_ && old_name && new_name) volume_->linked(*old_name, *new_name);
    return outcome;
}

int Disk::remove(const char* path, int (*real_remove)(const char*)) {
    const std::scoped_lock lock(mutex_);
    look_at_control();
    const auto name = name_of(path);
    if (faults_.is_read_only && real().access(path, F_OK) == 0) return refuse(EROFS);
    if (volume_ && name) volume_->about_to_change(*name);
    goes(path);
    const int outcome = real_remove(path);
    if (outcome == 0 && volume_ && name) volume_->removed(*name);
    return outcome;
}

int Disk::access(const char* path, int mode) {
    const std::scoped_lock lock(mutex_);
    look_at_control();
    if (faults_.is_read_only && (mode & W_OK) != 0 && real().access(path, F_OK) == 0) return refuse(EROFS);
    return real().access(path, mode);
}

int Disk::statvfs(const char* path, struct statvfs* status) {
    const std::scoped_lock lock(mutex_);
    look_at_control();
    const int outcome = real().statvfs(path, status);
    if (outcome != 0) return outcome;
    if (faults_.is_read_only) status->f_flag |= ST_RDONLY;
    if (!faults_.room || faults_.is_quota) return outcome;
    status->f_bfree = std::min<fsblkcnt_t>(status->f_bfree, *faults_.room / status->f_frsize);
    status->f_bavail = std::min<fsblkcnt_t>(status->f_bavail, status->f_bfree);
    return outcome;
}

}  // namespace rbees::faults
