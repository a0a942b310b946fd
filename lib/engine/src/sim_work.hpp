#pragma once
/// @file
/// One request's stay in a slot of the simulated engine: waiting for it, prefill, release.

#include <memory>
#include <optional>
#include <stop_token>

#include "rbees/engine/api_error.hpp"
#include "sim_core.hpp"

namespace rbees::engine {

/// Used by the answer's reading thread; `stop` may be called from any.
class SlotStay {
  public:
    explicit SlotStay(std::shared_ptr<SimulatedCore> core) : core_(std::move(core)) {}
    SlotStay(const SlotStay&) = delete;
    SlotStay& operator=(const SlotStay&) = delete;
    ~SlotStay() { leave({}); }

    /// Waits for a slot and works the prompt through. Gives the error that ends the request, if one does.
    [[nodiscard]] std::optional<ApiError> enter(const TokenIdList& prompt);

    /// Gives the slot back, if there is one; it goes on holding these tokens.
    void leave(HeldTokens held);

    void stop() noexcept { stop_.request_stop(); }
    [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

    [[nodiscard]] Tokens cached() const { return cached_; }
    [[nodiscard]] Instant prefilled() const { return prefilled_; }  ///< when the prompt was done

  private:
    std::shared_ptr<SimulatedCore> core_;
    std::stop_source stop_;
    std::optional<std::size_t> slot_;
    Tokens cached_;
    Instant prefilled_{};
};

}  // namespace rbees::engine
