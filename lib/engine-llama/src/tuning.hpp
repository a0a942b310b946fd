#pragma once
/// @file
/// The choices of a load, as pure arithmetic: threads, batch, context.

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::engine {

/// A step (one decode with all slots' tokens in it) is to stay below this: a cancelled request holds its slot that
/// long.
inline constexpr Duration step_max = std::chrono::milliseconds(250);
/// Batches below this waste more time than they save.
inline constexpr std::uint32_t batch_min = 32;
inline constexpr std::uint32_t batch_max = 2048;
/// What a slot holds when its steps are judged: the middle of a long prompt. Steps of small models take twice as long
/// there as at the beginning.
inline constexpr Tokens judged_at{1000};
/// llama.cpp computes a batch in pieces of this size at most.
inline constexpr std::uint32_t microbatch_max = 512;
/// Context of a request when nobody asks for more: longer ones cost memory that most never use.
inline constexpr Tokens default_context{8192};
/// A default is not shrunk below this to fit the memory; then the load is refused.
inline constexpr Tokens smallest_context{1024};

/// One thread fewer than cores that nobody else uses, 1 at least. With as many threads as cores, every barrier waits
/// for a thread that another process has displaced, and the rate collapses 5 to 60 times.
[[nodiscard]] std::uint32_t choose_threads(double free_cores);

/// Runs one step with a batch of so many tokens and says how long it took; nothing if it cannot be run.
using TimeStep = std::function<std::optional<Duration>(std::uint32_t batch)>;

struct BatchChoice {
    std::uint32_t batch = batch_min;
    std::optional<Duration> step;  ///< what a step of this batch took; nothing if none was measured
};

/// The largest power of two from `batch_min` to `batch_max` whose step stays below `step_max`, with a fifth in reserve;
/// `batch_min` where even that is too slow. A step just over the limit is run three times and the quickest counts,
/// because other processes only make it slower.
[[nodiscard]] BatchChoice choose_batch(const TimeStep& time_step);

/// How long a step of so many threads would have taken with its cores for itself: other processes keep threads waiting
/// for a core, and a choice made at a busy moment would hold for the whole life of the worker.
[[nodiscard]] Duration undisturbed(Duration passed, Duration cpu_time, std::uint32_t threads);

/// A step of a prompt whose slot held so many tokens before.
struct PromptStep {
    Tokens held;
    Duration took{};
};

/// By how much a step gets longer for each token more that its slot holds: the slope of the line through these steps of
/// one size (least squares), not below zero.
[[nodiscard]] Duration growth_per_held_token(std::span<const PromptStep> steps);

/// What a model needs of memory.
struct MemoryNeed {
    Bytes weights;
    Bytes per_token;  ///< KV cache
    Bytes overhead;   ///< compute buffers

    [[nodiscard]] Bytes total(Tokens context, std::uint32_t slots) const {
        return weights + overhead + Bytes(per_token.value * context.value * slots);
    }
};

struct ContextWish {
    std::optional<Tokens> asked;  ///< by the user: taken or refused, never changed
    Tokens trained;               ///< the model's own length
    std::uint32_t slots = 1;
};

/// The context of each slot: what was asked for; else the model's own length up to `default_context`, halved until it
/// fits. The error is the memory that the smallest acceptable choice needs.
[[nodiscard]] std::expected<Tokens, Bytes> choose_context(const ContextWish& wish, const MemoryNeed& need,
                                                          Bytes available);

/// Memory for prompts that left their slot: a quarter of what is left, 2 GiB at most.
[[nodiscard]] Bytes choose_prompt_cache(Bytes left);

}  // namespace rbees::engine
