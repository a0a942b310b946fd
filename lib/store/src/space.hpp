#pragma once
/// @file
/// The disk's room: a watermark below which only closing batches are admitted, and a reserve that is given up for them.
///
/// The reserve is a preallocated file beside the database. While it lies there, its room belongs to nobody else; when
/// the rest is used up it is deleted, and what ends work can still be written. It is made again when space came back.

#include <atomic>
#include <filesystem>
#include <functional>

#include "rbees/base/failure.hpp"
#include "rbees/base/log.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::store {

struct SpaceOptions {
    std::filesystem::path database;  ///< the reserve is beside it
    Bytes watermark;
    unsigned watermark_percent = 0;
    Bytes reserve;
    std::function<Result<DiskSpace>()> disk_space;
    Logger log;
};

/// `state` may be called from any thread; the rest from one.
class Space {
  public:
    /// Makes the reserve. Without it (said in the log) the store is read-only until there is room.
    explicit Space(SpaceOptions options);

    [[nodiscard]] SpaceState state() const { return state_.load(std::memory_order_relaxed); }

    /// Looks at the disk again; makes the reserve again where there is room.
    void refresh();

    /// Whether `needed` bytes can be written, giving up the reserve if it takes that.
    [[nodiscard]] bool make_room(Bytes needed);

    /// Gives up the reserve. Returns whether there was one.
    bool give_up_reserve();

  private:
    enum class Reserve : std::uint8_t {
        held,
        spent,    ///< given up while running
        missing,  ///< could not be made at the start
    };

    DiskSpace look();
    [[nodiscard]] DiskSpace measure();
    [[nodiscard]] Bytes effective_watermark(const DiskSpace& disk) const;
    [[nodiscard]] Result<void> make_reserve() const;
    void judge(const DiskSpace& disk);

    SpaceOptions options_;
    std::filesystem::path reserve_path_;
    Reserve reserve_ = Reserve::missing;
    bool is_measurable_ = true;
    std::atomic<SpaceState> state_{SpaceState::normal};
};

/// The real file system's answer.
[[nodiscard]] Result<DiskSpace> measure_disk(const std::filesystem::path& folder);

}  // namespace rbees::store
