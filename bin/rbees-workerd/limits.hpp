#pragma once
/// @file
/// The bounds of a worker, each with its name and unit.

#include <cstddef>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::workerd {

/// Answers beyond the slots that may wait inside the engine; one more gets 429 QUEUE_FULL. Few, because the queue of
/// the house is the one of rbees-orcd: these serve people who call a worker by hand, and short work such as tokenizing.
inline constexpr std::size_t waiting_answers_max = 8;

/// Of one answer, between the thread that reads the engine and the loop that writes to the client. A reader that is so
/// far behind makes that thread wait.
inline constexpr std::size_t waiting_bytes_max = std::size_t{256} << 10;

/// Bodies of all requests, together. Of the largest one there may be two.
inline constexpr Bytes bodies_max = mebibytes(640);

/// Cancelled task ids that are remembered for requests still on their way; the oldest leaves first.
inline constexpr std::size_t remembered_cancels_max = 4096;
inline constexpr Duration cancel_memory = std::chrono::seconds(60);

/// Reports of the load's progress are at least this far apart.
inline constexpr Duration progress_interval = std::chrono::milliseconds(200);

/// Orders of executions whose bodies are read at the same time, on threads of their own.
inline constexpr std::size_t orders_read_max = 4;

/// Why a model could not be loaded, as the pool manager is told. The log has all of it.
inline constexpr std::size_t failure_bytes_max = 4096;

/// Secrets are short; more bytes than this are something else.
inline constexpr Bytes secret_max = Bytes(4096);

/// How long and how often a report to the pool manager is tried before the worker gives up.
struct Patience {
    Duration whole = std::chrono::seconds(10);  ///< from the first attempt that failed
    Duration first_pause = std::chrono::milliseconds(50);
    Duration longest_pause = std::chrono::seconds(1);
    Duration one_attempt = std::chrono::seconds(3);
};

}  // namespace rbees::workerd
