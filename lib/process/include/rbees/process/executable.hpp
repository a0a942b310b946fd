#pragma once
/// @file
/// Where our own program lies; the other programs of the house lie beside it.

#include <filesystem>

#include "rbees/base/failure.hpp"

namespace rbees::process {

/// The folder of the running program, also when it was started through a link or its file was replaced since.
[[nodiscard]] Result<std::filesystem::path> executable_folder();

}  // namespace rbees::process
