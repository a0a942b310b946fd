#pragma once
/// @file
/// The body of POST /execute.

#include <expected>
#include <string>

#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/pool_core/execution_book.hpp"

namespace rbees::workerd {

/// What is to be executed, and under which name.
struct ExecutionOrder {
    pool::ExecutionKey key;
    engine::Call call;
};

/// Reads a body of `contracts::Execute`. Refuses with INVALID_PARAMS and every fault of the body, and with CONFLICT an
/// answer that was begun by another model than the one with `model_hash`. Slow for long answers: not for the loop's
/// thread.
[[nodiscard]] std::expected<ExecutionOrder, contracts::Problem> read_order(const std::string& body,
                                                                           const std::string& model_hash);

}  // namespace rbees::workerd
