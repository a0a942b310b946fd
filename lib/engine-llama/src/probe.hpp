#pragma once
/// @file
/// Measures how fast a model works a prompt through, before it is loaded for good: llama.cpp takes the batch size only
/// when its context is made.

#include <cstdint>
#include <optional>
#include <string>

namespace rbees::engine {

struct ProbePlan {
    std::string path;
    std::uint32_t threads = 1;
    int gpu_layers = -1;
    /// Repacking weights makes prompts faster and loading slower; a large model is measured without it.
    bool repack = true;
};

/// Prompt tokens per second, in batches of 64 with an empty context. Nothing if the model cannot be loaded.
[[nodiscard]] std::optional<double> measure_prefill(const ProbePlan& plan);

}  // namespace rbees::engine
