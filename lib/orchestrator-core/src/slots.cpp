#include "rbees/orchestrator_core/slots.hpp"

#include "rbees/base/assert.hpp"

namespace rbees::orchestrator {

std::optional<Epoch> SlotCounter::take(Claim claim) {
    if (claim == Claim::newcomer && waiting_.load()) return std::nullopt;
    auto state = state_.load();
    while (!retired_.load()) {
        const auto used = static_cast<std::uint32_t>(state);
        if (used >= capacity_) return std::nullopt;
        if (state_.compare_exchange_weak(state, state + 1)) return Epoch{static_cast<std::uint32_t>(state >> 32)};
    }
    return std::nullopt;
}

std::optional<Epoch> SlotCounter::take_over() {
    if (retired_.load()) return std::nullopt;
    return Epoch{static_cast<std::uint32_t>(state_.fetch_add(1) >> 32)};
}

std::uint32_t SlotCounter::free() const {
    const auto in_use = used();
    return retired_.load() || in_use >= capacity_ ? 0 : capacity_ - in_use;
}

bool SlotCounter::release() {
    const auto before = state_.fetch_sub(1);
    RBEES_ASSERT(static_cast<std::uint32_t>(before) > 0);
    return waiting_.load();
}

void SlotCounter::retire() {
    if (retired_.exchange(true)) return;
    state_.fetch_add(std::uint64_t{1} << 32);
}

}  // namespace rbees::orchestrator
