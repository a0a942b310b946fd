#pragma once
/// @file
/// Loading: inspect the file, choose threads, batch and context, hand the model to llama.cpp.

#include <expected>
#include <functional>
#include <memory>

#include "llama_core.hpp"

namespace rbees::engine {

/// A core that is loaded but does not run yet.
[[nodiscard]] std::expected<std::shared_ptr<LlamaCore>, LoadError> load_core(
    const LoadPlan& plan, const std::function<void(double)>& progress, const Logger& log);

/// What the engine did so far. Asks the loop; while it does not answer for a second, the slots' numbers are what this
/// side knows.
[[nodiscard]] Counters read_counters(const std::shared_ptr<LlamaCore>& core);

}  // namespace rbees::engine
