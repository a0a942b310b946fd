#pragma once
/// @file
/// Writing a whole content to an open file, as a step that tests can aim at a full disk.

#include <filesystem>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"

namespace rbees {

/// Writes all of `content` to `fd` and syncs it. `path` is for the message only.
[[nodiscard]] Result<void> write_and_sync(int fd, std::string_view content, const std::filesystem::path& path);

/// What a reader can do about an errno that a file operation gave; empty where we know nothing.
[[nodiscard]] std::string remedy_for_errno(int code);

}  // namespace rbees
