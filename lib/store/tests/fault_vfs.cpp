#include "fault_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

namespace rbees::store {
namespace {

/// SQLite allocates it with the real file behind it in the same block.
struct FaultFile {
    sqlite3_file base;
    FaultVfs* owner;
    const std::string* path;

    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* fault(sqlite3_file* file) {
    return reinterpret_cast<FaultFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
    return fault(file)->real();
}
const sqlite3_io_methods* methods(sqlite3_file* file) {
    return real(file)->pMethods;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

int close_file(sqlite3_file* file) {
    return methods(file)->xClose(real(file));
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    return methods(file)->xRead(real(file), into, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    auto* owner = fault(file)->owner;
    if (const int code = owner->next(FaultVfs::Operation::write); code != SQLITE_OK) return code;
    owner->wrote(*fault(file)->path, offset,
                 std::string(static_cast<const char*>(from), static_cast<std::size_t>(size)));
    return methods(file)->xWrite(real(file), from, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    auto* owner = fault(file)->owner;
    if (const int code = owner->next(FaultVfs::Operation::other); code != SQLITE_OK) return code;
    owner->truncated(*fault(file)->path, size);
    return methods(file)->xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int) {
    auto* owner = fault(file)->owner;
    if (const int code = owner->next(FaultVfs::Operation::sync); code != SQLITE_OK) return code;
    owner->synced(*fault(file)->path);
    return SQLITE_OK;  // the power cut is played from what was noted: the real disk need not be waited for
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return methods(file)->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return methods(file)->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return methods(file)->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* is_held) {
    return methods(file)->xCheckReservedLock(real(file), is_held);
}
int control(sqlite3_file* file, int operation, void* argument) {
    return methods(file)->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
    return methods(file)->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
    return methods(file)->xDeviceCharacteristics(real(file));
}
int map_shm(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
    return methods(file)->xShmMap(real(file), page, size, extend, memory);
}
int lock_shm(sqlite3_file* file, int offset, int count, int flags) {
    return methods(file)->xShmLock(real(file), offset, count, flags);
}
void barrier_shm(sqlite3_file* file) {
    methods(file)->xShmBarrier(real(file));
}
int unmap_shm(sqlite3_file* file, int is_deleted) {
    return methods(file)->xShmUnmap(real(file), is_deleted);
}

// Version 2: no memory-mapped reading, which would pass us by.
constexpr sqlite3_io_methods fault_methods = {2,           close_file,  read_file,       write_file,  truncate_file,
                                              sync_file,   file_size,   lock_file,       unlock_file, check_lock,
                                              control,     sector_size, characteristics, map_shm,     lock_shm,
                                              barrier_shm, unmap_shm,   nullptr,         nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* got) {
    auto* owner = static_cast<FaultVfs*>(vfs->pAppData);
    auto* made = std::construct_at(fault(file), FaultFile{{nullptr}, owner, nullptr});
    const int code = owner->real()->xOpen(owner->real(), path, made->real(), flags, got);
    if (made->real()->pMethods == nullptr) return code;
    made->base.pMethods = &fault_methods;
    made->path = owner->opened(path != nullptr ? path : "");
    return code;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto* owner = static_cast<FaultVfs*>(vfs->pAppData);
    if (const int code = owner->next(FaultVfs::Operation::other); code != SQLITE_OK) return code;
    owner->deleted(path);
    return owner->real()->xDelete(owner->real(), path, sync_folder);
}

void apply(std::string& content, const FaultVfs::Write& write, std::size_t size) {
    const auto offset = static_cast<std::size_t>(write.offset);
    if (content.size() < offset + size) content.resize(offset + size);
    std::copy_n(write.bytes.begin(), size, content.begin() + write.offset);
}

}  // namespace

FaultVfs::FaultVfs(Fault fault_at)
    : name_("fault-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
      real_(sqlite3_vfs_find(nullptr)),
      vfs_(std::make_unique<sqlite3_vfs>(*real_)),
      fault_(fault_at) {
    vfs_->iVersion = 1;
    vfs_->szOsFile = static_cast<int>(sizeof(FaultFile)) + real_->szOsFile;
    vfs_->pNext = nullptr;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = this;
    vfs_->xOpen = open_file;
    vfs_->xDelete = delete_file;
    sqlite3_vfs_register(vfs_.get(), 0);
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(vfs_.get());
}

bool FaultVfs::was_hit() const {
    const std::scoped_lock lock(mutex_);
    return was_hit_;
}

int FaultVfs::next(Operation operation) {
    const std::scoped_lock lock(mutex_);
    if (was_hit_ && fault_.is_lasting) return fault_.code;
    if (fault_.operation && *fault_.operation != operation) return SQLITE_OK;
    if (++count_ != fault_.at) return SQLITE_OK;
    was_hit_ = true;
    return fault_.code;
}

const std::string* FaultVfs::opened(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    files_.try_emplace(path, FileState{.durable = content_of(path)});
    return &*paths_.insert(path).first;
}

void FaultVfs::wrote(const std::string& path, std::int64_t offset, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    files_[path].unsynced.push_back({offset, std::move(bytes)});
}

void FaultVfs::truncated(const std::string& path, std::int64_t size) {
    const std::scoped_lock lock(mutex_);
    auto& state = files_[path];
    for (const auto& write : state.unsynced)
        apply(state.durable, write, write.bytes.size());
    state.unsynced.clear();
    state.durable.resize(static_cast<std::size_t>(size));
}

void FaultVfs::deleted(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    files_.erase(path);
}

void FaultVfs::synced(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    auto& state = files_[path];
    for (const auto& write : state.unsynced)
        apply(state.durable, write, write.bytes.size());
    state.unsynced.clear();
}

void FaultVfs::cut_power(std::uint32_t seed) {
    const std::scoped_lock lock(mutex_);
    constexpr std::size_t sector = 512;
    std::mt19937 random(seed);
    for (auto& [path, state] : files_) {
        auto content = state.durable;
        for (const auto& write : state.unsynced) {
            const auto sectors = (write.bytes.size() + sector - 1) / sector;
            const auto kept = std::min(write.bytes.size(), (random() % (sectors + 1)) * sector);
            if (kept > 0) apply(content, write, kept);
        }
        std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    }
}

}  // namespace rbees::store
