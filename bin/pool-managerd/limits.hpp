#pragma once
/// @file
/// Every bound of the pool manager that is not an option.

#include <chrono>
#include <cstddef>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::poold::limits {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;

// Listening
inline constexpr unsigned listen_ports_tried = 100;  ///< from the configured one upwards
inline constexpr std::size_t connections = 256;
inline constexpr Bytes body = mebibytes(1);
inline constexpr std::size_t reason_bytes = 4096;  ///< of why something failed, as orcd is told

// Workers
inline constexpr std::size_t workers = 64;           ///< that run at the same time
inline constexpr std::size_t finished_workers = 32;  ///< that are still told of, newest last
inline constexpr Duration worker_answer = 2s;        ///< /health, /capabilities, /shutdown
inline constexpr Duration adoption = 5s;             ///< for a worker of an earlier run to answer
inline constexpr Duration adoption_pause = 100ms;    ///< between two questions
inline constexpr Duration orphan_scan = 30s;         ///< between two looks for workers that are not ours
inline constexpr std::size_t worker_logs = 20;       ///< of workers that have ended
inline constexpr Bytes record_file = kibibytes(64);
inline constexpr Bytes memory_beside_model = mebibytes(128);      ///< buffers and a small context, at least
inline constexpr Bytes gpu_memory_beside_model = mebibytes(640);  ///< likewise, and CUDA's own context
inline constexpr Duration devices_answer = 30s;                   ///< `rbees-workerd --devices`: starts a driver
inline constexpr Bytes devices_output = kibibytes(4);

// Talking to orcd
inline constexpr Duration orcd_answer = 5s;
inline constexpr Duration retry_loopback = 50ms;  ///< so that a restarted orcd is found within 100 ms
inline constexpr Duration retry_first = 500ms;
inline constexpr Duration retry_last = 30s;
inline constexpr Duration retry_refused = 2s;  ///< when orcd answers, but not as hoped
inline constexpr Duration heartbeat_shortest = 100ms;
inline constexpr Duration heartbeat_longest = 60s;

// Downloads
inline constexpr std::size_t downloads = 4;            ///< at the same time
inline constexpr std::size_t finished_downloads = 16;  ///< that are still told of
inline constexpr Bytes part_min = mebibytes(4);        ///< of a file, for a connection of its own
inline constexpr unsigned part_attempts = 5;           ///< without a new byte
inline constexpr Duration part_pause = 200ms;          ///< after the first failure; doubles
inline constexpr Duration stalled = 30s;               ///< without a byte
inline constexpr Bytes journal_step = mebibytes(16);   ///< new bytes between two writes of the journal
inline constexpr Duration progress_step = 250ms;       ///< between two reports of progress
inline constexpr Bytes space_reserve = mebibytes(256);
inline constexpr Duration script = 30min;  ///< for a recipe or a package
inline constexpr Bytes script_output = kibibytes(64);
inline constexpr Duration lock_pause = 500ms;     ///< while another process downloads the same file
inline constexpr unsigned lock_failures = 3;      ///< of a lock that nobody holds: then it cannot be made
inline constexpr Duration downloads_retry = 10s;  ///< what a client is told that asks for one too many
inline constexpr Duration workers_retry = 10s;    ///< likewise for a worker
inline constexpr Bytes manifest_file = kibibytes(64);
inline constexpr Bytes listing = mebibytes(8);  ///< of a repository

}  // namespace rbees::poold::limits
