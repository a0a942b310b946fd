#pragma once
/// @file
/// The control file: which faults the disk has now. README.md has its words.

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace rbees::faults {

/// A fault of the `at`-th operation of its kind, counted from 1 since the control file was read; 0: none.
struct Strike {
    std::uint64_t at = 0;
    bool is_lasting = false;  ///< every later operation has it too

    bool operator==(const Strike&) const = default;
};

struct Faults {
    Strike write_error;
    Strike sync_error;
    std::uint64_t cut_at_sync = 0;  ///< the sync in whose middle the power goes; 0: none
    std::uint32_t seed = 0;         ///< of what is on the disk then
    std::optional<std::uint64_t> room;
    bool is_quota = false;  ///< `room` is one that nobody is told of before it is used up
    bool is_read_only = false;
    bool is_lying = false;             ///< a sync succeeds and does nothing
    std::chrono::milliseconds slow{};  ///< added to each sync

    bool operator==(const Faults&) const = default;
};

/// The faults that the text names, or what is wrong with it.
[[nodiscard]] std::expected<Faults, std::string> parse_faults(std::string_view text);

}  // namespace rbees::faults
