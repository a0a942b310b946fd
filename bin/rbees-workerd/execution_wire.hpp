#pragma once
/// @file
/// What an engine says to an execution, as `contracts/executions.hpp` has it. Written, not reflected: JSON of the
/// engine (a delta, a message) goes through as it is.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/engine/events.hpp"
#include "rbees/pool_core/execution_book.hpp"

namespace rbees::workerd {

/// `first` is the index of the token that comes next.
[[nodiscard]] pool::ExecutionEvent wire_event(const engine::Started& started, std::string_view model_hash,
                                              std::uint64_t first);
[[nodiscard]] pool::ExecutionEvent wire_event(const engine::Said& said);
[[nodiscard]] pool::ExecutionEvent wire_event(const engine::Ended& ended);
[[nodiscard]] pool::ExecutionEvent wire_event(const contracts::ExecutionError& error);

/// The end of an execution that failed. An answer that nobody can go on with is WORKER_UNAVAILABLE and final: the
/// worker that could is gone.
[[nodiscard]] contracts::ExecutionError execution_error(const engine::ApiError& error);

/// The answer to an order that the engine refuses because the request is at fault.
[[nodiscard]] contracts::Problem order_refusal(const engine::ApiError& error);

/// The events as the reader gets them.
[[nodiscard]] std::string sse_text(const std::vector<pool::ExecutionEvent>& events);

}  // namespace rbees::workerd
