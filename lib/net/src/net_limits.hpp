#pragma once
/// @file
/// The bounds of servers and clients that nobody sets, each with its name and unit. What a caller may set has its
/// default in `ServerLimits`, `Timeouts`, `Client` and `SseParser`.

#include <chrono>
#include <cstddef>

#include "rbees/base/time.hpp"

namespace rbees::net::limits {

// Listening

/// Connections that the kernel holds for us until they are accepted (listen(2)).
inline constexpr int backlog = 4'096;

/// Accepted in one turn of the loop, so that a flood of connections does not keep it from those that it has.
inline constexpr int accepts_in_a_row_max = 64;

/// How long nothing is accepted when the process has no descriptor left.
inline constexpr Duration starvation_pause = std::chrono::milliseconds(100);

/// Connections above `ServerLimits::connections` that are told so with 503 at the same time; above, they just close.
inline constexpr std::size_t turned_away_max = 64;

// Every connection

/// Without this bound of what the peer's kernel leaves unacknowledged, a peer that vanished without a word would
/// hold its connection, and who serves it, for a quarter of an hour (tcp(7), tcp_retries2).
inline constexpr Duration vanished_after = std::chrono::seconds(60);

/// Read from a peer that sends while nobody asks, as while its request is answered.
inline constexpr std::size_t read_ahead_bytes = 64 * 1'024;

/// Writes that the kernel took at once before the loop gets a turn.
inline constexpr int sends_in_a_row_max = 64;

/// For the peer's end after ours, so that it reads an answer before the close.
inline constexpr Duration linger_time = std::chrono::seconds(2);

/// A longer rest of a body is read past the connection's buffer.
inline constexpr std::size_t direct_read_bytes = 64 * 1'024;

// The client

/// How long unused connections are kept, and how often the old ones are looked for.
inline constexpr Duration idle_time = std::chrono::seconds(30);
inline constexpr Duration sweep_interval = std::chrono::seconds(5);

/// Of an answer; a peer that sends more is refused as malformed.
inline constexpr std::size_t head_bytes_max = 64 * 1'024;
inline constexpr std::size_t chunk_head_bytes_max = 64 * 1'024;
inline constexpr int interim_answers_max = 8;

}  // namespace rbees::net::limits
