#pragma once
/// @file
/// What was written to one file and not synced yet: all of it reaches the disk with a sync, any part of it at a power
/// cut.

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>

namespace rbees::faults {

/// Owns the open file that holds what is durable. Not thread-safe.
class Unsynced {
  public:
    /// A disk writes sectors whole, in whatever order it likes.
    static constexpr std::int64_t sector_bytes = 512;

    /// More than this is written back early, the oldest first, as a kernel does.
    static constexpr std::size_t held_bytes_max = std::size_t{256} << 20;

    explicit Unsynced(int durable) : durable_(durable) {}
    ~Unsynced();
    Unsynced(const Unsynced&) = delete;
    Unsynced& operator=(const Unsynced&) = delete;

    void wrote(std::int64_t offset, std::string_view bytes);
    void cut_to(std::int64_t size);   ///< or grown to, as ftruncate does
    void grow_to(std::int64_t size);  ///< has no effect on a longer file

    /// Everything becomes durable.
    void sync();

    /// Any part of it becomes durable, the rest is forgotten: sectors of each write, in no order.
    void lose(std::mt19937& random);

  private:
    enum class Kind : std::uint8_t { write, cut, grow };
    struct Change {
        Kind kind;
        std::int64_t offset;  ///< or the size
        std::string bytes;
    };

    void hold(Change change);
    void apply(const Change& change) const;
    void apply_some(const Change& change, std::mt19937& random, unsigned eighths) const;
    void put(std::int64_t offset, std::string_view bytes) const;

    int durable_;
    std::deque<Change> changes_;
    std::size_t held_bytes_ = 0;
};

}  // namespace rbees::faults
