#pragma once
/// @file
/// The files of a folder as a power cut would leave them: beside each file as programs see it lies a copy that has only
/// what was synced.
///
/// Programs and their page cache are left alone; the copies are brought up to date at each fsync. When the process that
/// had the folder is gone, the next one that opens a file of it finds the copies in place of the files: the machine
/// has booted. Names are durable when their folder was synced, which is all that POSIX promises.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "unsynced.hpp"

namespace rbees::faults {

/// Not thread-safe. Names are paths relative to the folder.
class Volume {
  public:
    using Inode = std::pair<std::uint64_t, std::uint64_t>;  ///< device and number

    /// Puts the files back as they were on the disk. The copies lie in `durable`. Null while another process has them.
    [[nodiscard]] static std::unique_ptr<Volume> power_on(std::filesystem::path folder, std::filesystem::path durable,
                                                          std::string only);
    ~Volume();

    /// Whether the power can take something of this file: the index of SQLite's log, which is mapped, is never read
    /// after a start.
    [[nodiscard]] bool has(const std::string& name) const;

    /// A file was opened to be written. `is_new`: the opening made it.
    void opened(const std::string& name, Inode inode, bool is_new);

    /// What is unsynced of the file; null if it was not opened through us.
    [[nodiscard]] Unsynced* file(Inode inode) const;

    void sync_folder();
    void renamed(const std::string& from, const std::string& to);
    void linked(const std::string& from, const std::string& to);
    void removed(const std::string& name);
    void about_to_change(const std::string& name);  ///< before a file that was not opened is renamed or removed

    /// What a power cut leaves of all that is unsynced.
    void cut(std::uint32_t seed);

  private:
    enum class Kind : std::uint8_t { make, rename, link, remove };
    struct NameChange {
        Kind kind;
        std::filesystem::path from;  ///< of the copy; with `make` one without a name
        std::string to;
    };

    Volume(std::filesystem::path folder, std::filesystem::path durable, std::string only, int lock);
    void restore();
    void restore(const std::string& name);
    void touch(const std::string& name);
    void apply(const NameChange& change);
    [[nodiscard]] std::filesystem::path copy_of(const std::string& name) const { return durable_ / "files" / name; }

    std::filesystem::path folder_;
    std::filesystem::path durable_;
    std::string only_;
    int lock_;
    int touched_file_ = -1;
    std::set<std::string> touched_;
    std::map<Inode, std::unique_ptr<Unsynced>> files_;
    std::deque<NameChange> names_;
    std::uint64_t nameless_ = 0;
};

}  // namespace rbees::faults
