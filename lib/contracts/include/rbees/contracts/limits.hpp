#pragma once
/// @file
/// Bounds that more than one program must agree on, each with its name and unit. What one of them lets in, the next
/// must be able to take, or a request is accepted here and refused there.

#include <cstddef>

#include "rbees/base/units.hpp"

namespace rbees::contracts {

/// Body of a request that steers the house (nodes, workers, models, tokens). What it leads to is written into the
/// journal twice, as a record and as a row.
inline constexpr Bytes control_body_max = mebibytes(1);

/// One string in such a body, in bytes.
inline constexpr std::size_t control_text_max = std::size_t{16} << 10;

/// Body of a task: it is kept in the journal until the task's retention has passed.
inline constexpr Bytes task_body_max = mebibytes(8);

/// The largest `body.limit` that can be set.
inline constexpr Bytes body_limit_max = mebibytes(256);

/// What a worker takes, whatever `body.limit` says: rbees-orcd adds the tokens so far to a request that goes on at
/// another worker.
inline constexpr Bytes worker_body_max = mebibytes(320);

/// Largest answer that is not a stream: the worker holds it whole, for its Content-Length, and so does rbees-orcd.
/// 2,048 vectors of 8,192 numbers fit.
inline constexpr Bytes whole_answer_max = mebibytes(256);

/// One event of a worker's stream about a durable task. An end holds the whole message.
inline constexpr std::size_t execution_event_max = std::size_t{8} << 20;

}  // namespace rbees::contracts
