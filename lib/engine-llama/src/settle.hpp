#pragma once
/// @file
/// What a load decides before llama.cpp is asked: whether the model fits, how long its context is, how many threads and
/// which batch it gets.

#include <cstdint>
#include <expected>

#include "gguf_file.hpp"
#include "machine.hpp"
#include "rbees/base/log.hpp"
#include "rbees/engine/engine.hpp"
#include "tuning.hpp"

namespace rbees::engine {

/// Values of LoadPlan::gpu_layers that are no number of layers.
inline constexpr int fitting_layers = -1;
inline constexpr int all_layers = -2;

struct Settled {
    ModelFacts facts;
    Kind kind = Kind::chat;
    Tokens context;      ///< of each slot
    Bytes prompt_cache;  ///< for prompts that left their slot
    std::uint32_t threads = 1;
    BatchChoice batch;
};

/// Looks into the file and settles all but threads and batch. Errors: what `inspect_model` finds, a GPU that is not
/// there, memory that does not suffice.
[[nodiscard]] std::expected<Settled, LoadError> settle_memory(const LoadPlan& plan, const Logger& log);

/// Settles threads and batch where the plan leaves them open, by measuring: what other processes used of the cores
/// since `before`, then steps of the model. Seconds; reads the file.
void settle_speed(const LoadPlan& plan, const CpuSample& before, const Logger& log, Settled& settled);

}  // namespace rbees::engine
