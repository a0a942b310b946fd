#pragma once
/// @file
/// The faulty disk: what becomes of each call of the program, for files below RBEES_FAULT_DIR.

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "control.hpp"
#include "volume.hpp"

namespace rbees::faults {

/// A name of a file of ours, relative to the folder.
using Name = std::optional<std::string>;

/// What may be done of what was asked: an error number, or so many bytes.
struct Verdict {
    int error = 0;
    std::size_t bytes = 0;
};

/// Thread-safe. Each call below stands for one of the C library and returns and sets errno as that does.
class Disk {
  public:
    /// One a process: who calls a C function has no object to pass on. Null where RBEES_FAULT_DIR is not set.
    [[nodiscard]] static Disk* instance();

    /// None if the path is not ours, or not absolute.
    [[nodiscard]] Name name_of(const char* path) const;
    [[nodiscard]] bool is_folder(const char* path) const;

    int open(const std::string& name, const char* path, int flags, mode_t mode);
    ssize_t write(int fd, std::string_view bytes, std::optional<off_t> offset);
    int truncate(int fd, off_t size);
    int allocate(int fd, off_t offset, off_t size);  ///< an error number
    int sync(int fd, int (*real_sync)(int));
    int rename(const char* from, const char* to);
    int link(const char* from, const char* to);
    int remove(const char* path, int (*real_remove)(const char*));
    int access(const char* path, int mode);
    int statvfs(const char* path, struct statvfs* status);

    /// Whether the descriptor is a file of ours.
    [[nodiscard]] bool has(int fd);

  private:
    Disk(std::filesystem::path folder, const char* only, const char* control);
    using Inode = Volume::Inode;
    struct Opened {
        Inode inode;
        off_t size;
        Name name;
    };

    [[nodiscard]] Name name_of_path(std::string_view path) const;
    [[nodiscard]] std::optional<Opened> find(int fd);
    void look_at_control();
    void load(const std::string& path);
    void power_on();
    [[nodiscard]] bool strikes(const Strike& strike, std::uint64_t count);
    [[nodiscard]] Verdict admit_write(off_t size, off_t end, std::size_t bytes);
    void goes(const char* path);
    [[nodiscard]] bool is_our_folder(const std::string& path) const;
    [[nodiscard]] int refuse(int error) const;
    [[noreturn]] void lose_power();
    void forget_control();

    std::filesystem::path folder_;
    std::string only_;
    std::filesystem::path control_;
    bool has_power_to_lose_;
    std::mutex mutex_;
    Faults faults_;
    timespec control_changed_{};
    ino_t control_inode_ = 0;
    std::uint64_t writes_ = 0;  ///< since the control file was read; syncs, too
    std::uint64_t syncs_ = 0;
    std::map<Inode, Name> known_;  ///< files that were met; without a name: not ours
    std::unique_ptr<Volume> volume_;
    bool was_powered_on_ = false;
};

}  // namespace rbees::faults
