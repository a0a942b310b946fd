#pragma once
/// @file
/// One generation of the simulated engine in its slot: each token when it is due, in whatever shape it is handed over.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sim_core.hpp"
#include "sim_output.hpp"
#include "sim_script.hpp"
#include "sim_work.hpp"

namespace rbees::engine {

struct Usage {
    Tokens prompt;
    Tokens cached;
    Tokens output;
};

/// Used by the answer's reading thread; `stop` may be called from any.
class SimulatedGeneration {
  public:
    /// `first` is the place of the first token to generate; those before it were sent elsewhere.
    SimulatedGeneration(std::shared_ptr<SimulatedCore> core, Script script, std::size_t first);

    /// Waits for a slot and works through the prompt, and through what was said elsewhere.
    [[nodiscard]] std::optional<ApiError> enter() { return stay_.enter(known()); }

    /// The next token as soon as it is due, nothing after the last one, or the error that ends the answer.
    [[nodiscard]] std::expected<std::optional<OutputToken>, ApiError> next();

    /// Gives the slot back, if it still has it.
    void leave() { stay_.leave({.prompt = script_.prompt, .answer = script_.output, .made = place()}); }

    void stop() noexcept { stay_.stop(); }
    [[nodiscard]] bool stopped() const { return stay_.stopped(); }

    [[nodiscard]] const Script& script() const { return script_; }
    [[nodiscard]] const std::string& before() const { return before_; }  ///< the text that was sent elsewhere
    [[nodiscard]] std::size_t place() const { return first_ + made_; }   ///< of the next token
    [[nodiscard]] std::string_view finish() const;                       ///< finish_reason, after the last token
    [[nodiscard]] Usage usage() const;

  private:
    [[nodiscard]] TokenIdList known() const;
    [[nodiscard]] std::optional<ApiError> wait_for_token();
    void wait_for_stop();

    std::shared_ptr<SimulatedCore> core_;
    const Script script_;
    const std::size_t first_;
    OutputReader output_;
    const std::string before_;
    SlotStay stay_;
    std::size_t made_ = 0;  ///< tokens so far, of this generation alone
};

}  // namespace rbees::engine
