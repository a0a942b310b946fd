#pragma once
/// @file
/// Measures steps of a model as the engine will run them, before it is loaded for good: llama.cpp takes the batch size
/// only when its context is made.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::engine {

struct ProbePlan {
    std::string path;
    std::uint32_t threads = 1;
    int gpu_layers = -1;
    std::uint32_t slots = 1;
    Tokens context;  ///< of each slot
    /// Repacking weights makes prompts faster and loading slower; a very large model is measured without it.
    bool repack = true;
    /// Whether the processor does all the work; then a step's CPU time shows what other processes added to it.
    bool on_cpu = true;
};

/// A model loaded for measuring. Not thread-safe; its memory is free when it goes.
class StepProbe {
  public:
    /// Loads the model, warms it up, and fills part of a slot to see how steps grow. Nothing if the model cannot be
    /// loaded, generates no text, or is so slow that no step need be measured.
    [[nodiscard]] static std::unique_ptr<StepProbe> load(const ProbePlan& plan);

    StepProbe(const StepProbe&) = delete;
    StepProbe& operator=(const StepProbe&) = delete;
    ~StepProbe();

    /// Runs a step of `batch` tokens: all of one prompt but the last, which another slot generates (with one slot: all
    /// of one prompt). Gives the time that it takes, undisturbed, when the slot holds `judged_at` tokens (or half of
    /// its context); nothing if the step does not fit into a slot.
    [[nodiscard]] std::optional<Duration> time_step(std::uint32_t batch);

  private:
    struct Parts;
    explicit StepProbe(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace rbees::engine
