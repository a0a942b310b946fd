#pragma once
/// @file
/// A batch on its way to the disk.

#include <span>

#include "rbees/base/units.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::store {

struct Pending {
    Batch batch;
    Journal::Callback committed;
    Bytes size;  ///< of all that it holds
};

/// The bytes of everything in the batch.
[[nodiscard]] Bytes size_of(const Batch& batch);

/// What the group may add to the write-ahead log at most, roughly: its bytes twice (row and index or overflow) and the
/// pages that its rows touch.
[[nodiscard]] Bytes log_estimate(std::span<const Pending> group);

}  // namespace rbees::store
