#pragma once
/// @file
/// The store's limits, each with its name and unit.

#include <cstddef>
#include <cstdint>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/store/batch.hpp"

namespace rbees::store::limits {

/// Batches that wait for the journal thread; more are refused with `queue_full`.
inline constexpr std::size_t queued_batches_max = 16'384;
inline constexpr Bytes queued_bytes_max = mebibytes(64);

/// What one transaction holds at most, so that the first of a crowd does not wait for all of it.
inline constexpr std::size_t transaction_batches_max = 2'048;
inline constexpr Bytes transaction_bytes_max = mebibytes(16);

/// One batch; a bigger one is a bug of the caller, who refuses a change that would need one before it is made
/// (kernel::limits, and before that the bounds of bodies at the border).
inline constexpr Bytes batch_bytes_max = mebibytes(16);

/// Write-ahead log, in pages of 4 KiB: copied into the database when idle, and even when busy.
inline constexpr int checkpoint_pages_idle = 1'000;
inline constexpr int checkpoint_pages_busy = 16'000;

/// Free bytes kept beyond the estimate of a transaction, for the file system's own needs.
inline constexpr Bytes free_margin = mebibytes(1);

/// Work goes on while this share of the watermark is free (128 MiB of 512): what is on its way to the disk then, up to
/// `queued_bytes_max` written twice, still fits, and the reserve stays for what ends work.
inline constexpr std::uint64_t progress_share = 4;

/// How often an idle journal looks at the disk, to see that space came back.
inline constexpr Duration space_check_interval = std::chrono::seconds(1);

/// How long a connection waits for a lock that a foreign program holds on the file.
inline constexpr std::chrono::milliseconds lock_wait = std::chrono::seconds(5);

/// Rows read in one statement by a replay: a longer one would keep the log from being reset.
inline constexpr std::size_t replay_rows = 1'000;

/// What one checkpoint lets go, and what one transaction of a cut deletes: some milliseconds of the journal thread.
inline constexpr Sequence cut_records_max = 10'000;
inline constexpr Sequence cut_rows = 500;

/// Between two transactions of a cut, for the commits that others wait for.
inline constexpr Duration cut_pause = std::chrono::milliseconds(10);

/// Payloads read in one call hold no more than this, unless the first alone does.
inline constexpr Bytes payloads_read_max = mebibytes(4);

/// Records read in one call hold no more than this, unless the first alone does; and how far they are looked for.
inline constexpr Bytes records_read_max = mebibytes(1);
inline constexpr Sequence records_scanned_max = 5'000;

/// Rows of one page of a list.
inline constexpr std::size_t page_rows_max = 1'000;

}  // namespace rbees::store::limits
