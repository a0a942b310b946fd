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

}  // namespace rbees::engine
