#pragma once
/// @file
/// From the disk to the state at a start: the live rows, no more.

#include "rbees/base/failure.hpp"
#include "rbees/kernel/state.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::orcd {

/// The state that the live rows describe. Fails at the first damaged row: going on without it would lose what it holds.
[[nodiscard]] Result<kernel::State> recover(store::Reader& reader);

}  // namespace rbees::orcd
