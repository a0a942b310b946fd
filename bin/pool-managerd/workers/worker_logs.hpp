#pragma once
/// @file
/// What workers leave in the logs folder: "worker-ID.log", and "worker-ID.log.1" and so on of those that wrote much.

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

#include "rbees/base/ids.hpp"

namespace rbees::poold {

/// The last line that a worker wrote to its log; empty if there is none.
[[nodiscard]] std::string last_words(const std::filesystem::path& log_file);

/// Deletes the logs of all workers that have ended but the last `keep`. Those of `running` stay.
void prune_logs(const std::filesystem::path& folder, std::size_t keep, const std::set<WorkerId>& running);

}  // namespace rbees::poold
