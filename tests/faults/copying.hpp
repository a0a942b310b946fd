#pragma once
/// @file
/// Copies of files, made with the C library's own functions.

#include <filesystem>

namespace rbees::faults {

/// Makes `to` what `from` is, in place, holes included. Ends the process where that fails.
void copy_content(const std::filesystem::path& from, const std::filesystem::path& to);

/// Opens or makes a file of ours for reading and writing. Ends the process where that fails.
[[nodiscard]] int open_own(const std::filesystem::path& path, int more_flags = 0);

}  // namespace rbees::faults
