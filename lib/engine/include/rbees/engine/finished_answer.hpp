#pragma once
/// @file
/// An answer that is known from the start: refusals, token lists, rendered templates.

#include <memory>
#include <string>

#include "rbees/engine/api_error.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// 200 with this JSON body.
[[nodiscard]] std::unique_ptr<Answer> finished_answer(std::string body);

[[nodiscard]] std::unique_ptr<Answer> finished_answer(const ApiError& error);

}  // namespace rbees::engine
