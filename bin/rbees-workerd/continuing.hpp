#pragma once
/// @file
/// Going on with an answer that broke off elsewhere: the body of POST /continue, and what it shares with POST /execute.

#include <expected>
#include <string>

#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::workerd {

/// The engine's call for a body of `contracts::Continue`, which `call` brings; its other members stay. Refuses with
/// INVALID_PARAMS and every fault of the body. Slow for long answers: not for the loop's thread.
[[nodiscard]] std::expected<engine::Call, contracts::Problem> continued_call(engine::Call call);

[[nodiscard]] engine::Operation operation_of(contracts::ExecutionKind kind);
[[nodiscard]] engine::Continuation continuation_of(contracts::ContinueFrom from, std::string model_hash);

/// INVALID_PARAMS with every fault of a body.
[[nodiscard]] contracts::Problem bad_body(reflect::FieldErrors errors);

}  // namespace rbees::workerd
