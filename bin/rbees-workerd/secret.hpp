#pragma once
/// @file
/// Where a worker gets its spawn secret from. Never from the command line or the environment, which others can read.

#include <filesystem>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/ids.hpp"

namespace rbees::workerd {

/// Which variable names a file with the secret.
inline constexpr const char* secret_file_variable = "RBEES_WORKER_SECRET_FILE";

struct Secret {
    std::string text;
    std::optional<std::filesystem::path> made_in;  ///< the file, if the secret was made here
};

/// Reads the descriptor to its end, then closes it; without one the file that RBEES_WORKER_SECRET_FILE names; without
/// that makes a secret and writes it to `secrets/worker-ID` of the home, readable by its owner only.
/// Fails when it is empty, too long, or holds anything but printable ASCII; white space around it is dropped.
[[nodiscard]] Result<Secret> obtain_secret(std::optional<int> fd, const WorkerId& worker,
                                           const Environment& environment);

}  // namespace rbees::workerd
