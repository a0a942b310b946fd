#include "sim_slots.hpp"

#include <algorithm>
#include <utility>

#include "rbees/base/assert.hpp"

namespace rbees::engine {

std::expected<SimulatedSlots::Grant, SimulatedSlots::Refusal> SimulatedSlots::acquire(
    std::span<const std::int32_t> prompt, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (queue_.size() >= max_waiting) return std::unexpected(Refusal::full);
    const auto ticket = queue_.insert(queue_.end(), next_ticket_++);
    const bool turn = changed_.wait(lock, stop, [&] { return queue_.begin() == ticket && any_free(); });
    queue_.erase(ticket);
    changed_.notify_all();
    if (!turn || stop.stop_requested()) return std::unexpected(Refusal::stopped);
    return take_best(prompt);
}

void SimulatedSlots::release(std::size_t slot, HeldTokens held) {
    const std::scoped_lock lock(mutex_);
    RBEES_ASSERT(slots_.at(slot).busy);
    slots_[slot] = {.busy = false, .held = std::move(held), .released = ++releases_};
    changed_.notify_all();
}

SimulatedSlots::Load SimulatedSlots::load() const {
    const std::scoped_lock lock(mutex_);
    const auto busy = std::ranges::count_if(slots_, &Slot::busy);
    return {.busy = static_cast<std::uint32_t>(busy), .waiting = static_cast<std::uint32_t>(queue_.size())};
}

bool SimulatedSlots::any_free() const {
    return !std::ranges::all_of(slots_, &Slot::busy);
}

SimulatedSlots::Grant SimulatedSlots::take_best(std::span<const std::int32_t> prompt) {
    std::size_t best = slots_.size();
    std::size_t shared = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].busy) continue;
        const auto prefix = common_prefix(slots_[i].held, prompt);
        const bool older = best < slots_.size() && prefix == shared && slots_[i].released < slots_[best].released;
        if (best == slots_.size() || prefix > shared || older) {
            best = i;
            shared = prefix;
        }
    }
    slots_[best].busy = true;
    return {.slot = best, .cached = prompt.empty() ? 0 : std::min(shared, prompt.size() - 1)};
}

}  // namespace rbees::engine
