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

/// A peer that vanished without a word is given up after this long without anything from its kernel: with bytes of ours
/// on the way to it (tcp(7), TCP_USER_TIMEOUT; without, tcp_retries2 holds the connection, and who serves it, for a
/// quarter of an hour), and with none, as while an answer is waited for (the probes below; without, for ever).
inline constexpr Duration vanished_after = std::chrono::seconds(60);

/// Of a connection on which nothing is on its way: when the peer's kernel is first asked whether it is there, and how
/// often from then on. The first probe after `vanished_after` that still has no answer ends the connection.
inline constexpr Duration probe_after = std::chrono::seconds(20);
inline constexpr Duration probe_interval = std::chrono::seconds(10);
inline constexpr int probes_max = (vanished_after - probe_after) / probe_interval;

/// That the kernel takes from us beyond what it may send at once (tcp(7), TCP_NOTSENT_LOWAT).
inline constexpr int unsent_bytes = 256 * 1'024;

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
