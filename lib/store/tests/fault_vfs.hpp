#pragma once
/// @file
/// A SQLite VFS over the default one whose disk can fail at a chosen operation, or lose its power.
///
/// It counts what changes files (write, sync, truncate, delete). From a chosen count on, one operation or all of them
/// fail with a chosen code. It also remembers what was not synced yet, so that a power cut can be played: unsynced
/// writes are kept, dropped or torn in half, as a seed decides, like a disk with a cache does.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace rbees::store {

class FaultVfs {
  public:
    enum class Operation : std::uint8_t { write, sync, other };

    /// What fails: the `at`-th operation of this kind (any kind if not set), counted from 1.
    struct Fault {
        std::size_t at = 0;
        std::optional<Operation> operation;
        int code = 0;             ///< SQLite's
        bool is_lasting = false;  ///< every later operation fails too
    };

    explicit FaultVfs(Fault fault);
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool was_hit() const;

    /// To be called when every connection is closed: changes the files to what a power cut at the fault left of them.
    void cut_power(std::uint32_t seed);

    // What the C functions of fault_vfs.cpp need.

    struct Write {
        std::int64_t offset = 0;
        std::string bytes;
    };
    struct FileState {
        std::string durable;          ///< content as of the last sync or truncation
        std::vector<Write> unsynced;  ///< in order
    };

    [[nodiscard]] int next(Operation operation);
    const std::string* opened(const std::string& path);  ///< the path, kept as long as this VFS
    void wrote(const std::string& path, std::int64_t offset, std::string bytes);
    void synced(const std::string& path);
    void truncated(const std::string& path, std::int64_t size);
    void deleted(const std::string& path);
    [[nodiscard]] sqlite3_vfs* real() const { return real_; }

  private:
    std::string name_;
    sqlite3_vfs* real_;
    std::unique_ptr<sqlite3_vfs> vfs_;
    Fault fault_;
    mutable std::mutex mutex_;
    std::size_t count_ = 0;
    bool was_hit_ = false;
    std::set<std::string> paths_;
    std::map<std::string, FileState> files_;
};

}  // namespace rbees::store
