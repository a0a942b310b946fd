#pragma once
/// @file
/// The simulated engine: deterministic text at a settable speed, so that anyone can try load, routing and failures
/// without a model file. Models `sim:NAME?slots=4&prefill=1000&decode=50&seed=1`; also in release builds.
///
/// Text and token ids follow from seed and prompt alone. Prefill costs `1/prefill` s for each prompt token that no slot
/// still holds (longest common prefix, as llama.cpp does it); decode costs `1/decode` s a token and slot.
/// With tools and `tool_choice` auto, the tool is called whose name the user's last message holds.
/// Failures on demand, as query parameters: `fail_load=1`, `load_ms=N`, `fail_after=N` (error after N tokens of each
/// stream), `die_after=N` (the process exits after N tokens, like a crash), `stall_after=N` (nothing more comes).
/// A name that contains "embed" makes an embedding model.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rbees/engine/engine.hpp"
#include "rbees/engine/pace.hpp"

namespace rbees::engine {

/// The parsed form of a `sim:` reference.
struct SimulatedModel {
    std::string name;
    Kind kind = Kind::chat;
    std::uint32_t slots = 4;
    double prefill = 1000;  ///< tokens/s
    double decode = 50;     ///< tokens/s and slot
    std::uint64_t seed = 1;
    Tokens context = Tokens(8192);
    std::uint32_t load_ms = 0;
    bool fail_load = false;
    std::uint32_t fail_after = 0;   ///< 0 = never
    std::uint32_t die_after = 0;    ///< 0 = never
    std::uint32_t stall_after = 0;  ///< 0 = never
};

/// Reads a `sim:` reference. Fails with the parameter that is unknown or out of range.
[[nodiscard]] Result<SimulatedModel> parse_simulated_model(std::string_view reference);

/// Starts the engine. `progress` gets 0 to 1 while it "loads". The reference in the plan rules; of the plan's own
/// members only `model_name`, `context` and `kind` count.
[[nodiscard]] std::expected<std::unique_ptr<Engine>, LoadError> load_simulated(
    const LoadPlan& plan, const std::function<void(double)>& progress);

/// The same under another clock.
[[nodiscard]] std::expected<std::unique_ptr<Engine>, LoadError> load_simulated(
    const LoadPlan& plan, const std::function<void(double)>& progress, std::shared_ptr<Pace> pace);

}  // namespace rbees::engine
