#include "sim_work.hpp"

#include <chrono>
#include <utility>

namespace rbees::engine {

std::optional<ApiError> SlotStay::enter(const TokenIdList& prompt) {
    const auto grant = core_->slots.acquire(prompt, stop_.get_token());
    if (!grant) return grant.error() == SimulatedSlots::Refusal::full ? queue_full() : cancelled_error();
    slot_ = grant->slot;
    cached_ = Tokens(grant->cached);
    const double seconds = static_cast<double>(prompt.size() - grant->cached) / core_->model.prefill;
    core_->count_prompt(Tokens(prompt.size()), cached_, seconds);
    prefilled_ = core_->pace->now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    core_->pace->wait_until(prefilled_, token());
    if (!stopped()) return std::nullopt;
    leave({});
    return cancelled_error();
}

void SlotStay::leave(HeldTokens held) {
    if (!slot_) return;
    core_->slots.release(*slot_, std::move(held));
    slot_.reset();
}

}  // namespace rbees::engine
