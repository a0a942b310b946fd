#pragma once
/// @file
/// The GPUs that llama.cpp sees in this process. CUDA_VISIBLE_DEVICES narrows them down before it starts.

#include <optional>
#include <string>

#include "rbees/base/units.hpp"

namespace rbees::engine {

/// Left free on GPUs when a model is to lie there whole: for CUDA's own context and the buffers of its libraries.
inline constexpr Bytes gpu_reserve = mebibytes(512);

/// "cuda" where there is a GPU that it computes on; nothing where there is none.
[[nodiscard]] std::optional<std::string> gpu_kind();

/// Memory of all these GPUs that nobody uses; zero without one.
[[nodiscard]] Bytes free_gpu_memory();

}  // namespace rbees::engine
