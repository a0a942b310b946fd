#pragma once
/// @file
/// The bounds of rbees-orcd that nobody sets, each with its name and unit. What it agrees on with other programs is in
/// rbees/contracts/limits.hpp; what belongs to one class alone stands there.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::orcd::limits {

/// Workers that one request may be sent to, one after the other, before it is refused.
inline constexpr int attempts_max = 5;

/// Unused connections that are kept to each worker: as many as a worker may have slots.
inline constexpr std::size_t idle_connections_per_worker = 256;

/// Beyond what a worker may take to stop, when a model is removed: what its death takes to be known here.
inline constexpr Duration removal_margin = std::chrono::seconds(15);

/// Of what a client names its request and its token with.
inline constexpr std::size_t idempotency_key_bytes_max = 255;
inline constexpr std::size_t token_name_bytes_max = 128;

/// Rows of one page of tasks or sessions, and records of one of the journal: if nothing else is asked for, and at most.
inline constexpr std::size_t page_rows = 50;
inline constexpr std::uint64_t page_rows_max = 200;
inline constexpr std::size_t page_records = 100;
inline constexpr std::size_t page_records_max = 1'000;

/// For which a node may let its heartbeat's answer be held.
inline constexpr std::uint32_t hold_ms_max = 60'000;

/// A file with a token; more is something else.
inline constexpr Bytes token_file_max = kibibytes(4);

/// What a child may take to stop beyond the grace that its work has (`shutdown.grace`), before it is killed.
inline constexpr Duration stop_margin = std::chrono::seconds(10);

/// Between two tries to start what could not be started: the policy's window is over after four of them.
inline constexpr Duration retry_pause = std::chrono::seconds(2);

// A journal that can only be read

/// Before the first trial of opening it for writing; doubled by each that fails, up to this much.
inline constexpr Duration trial_pause_min = std::chrono::seconds(5);
inline constexpr Duration trial_pause_max = std::chrono::seconds(60);

/// What a trial may take, a long log on a slow disk included.
inline constexpr Duration trial_patience = std::chrono::minutes(5);

/// For the kernel to take a killed trial away; one that hangs in the disk takes longer, and is not waited for.
inline constexpr Duration kill_time = std::chrono::seconds(1);

}  // namespace rbees::orcd::limits
