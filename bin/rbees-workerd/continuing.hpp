#pragma once
/// @file
/// The body of POST /continue.

#include <expected>

#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::workerd {

/// The engine's call for a body of `contracts::Continue`, which `call` brings; its other members stay. Refuses with
/// INVALID_PARAMS and every fault of the body. Slow for long answers: not for the loop's thread.
[[nodiscard]] std::expected<engine::Call, contracts::Problem> continued_call(engine::Call call);

}  // namespace rbees::workerd
