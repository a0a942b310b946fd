#pragma once
/// @file
/// What this process takes of the machine's memory.

#include <optional>

#include "rbees/base/units.hpp"

namespace rbees::workerd {

/// The memory of this process that is in RAM, the model's mapped file included; nothing if the kernel does not say.
[[nodiscard]] std::optional<Bytes> resident_memory();

}  // namespace rbees::workerd
