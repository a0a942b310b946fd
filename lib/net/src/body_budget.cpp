#include "rbees/net/body_budget.hpp"

#include "rbees/base/assert.hpp"

namespace rbees::net {

bool BodyBudget::take(Bytes more) {
    auto held = held_.load(std::memory_order_relaxed);
    do {
        if (more.value > most_ || held > most_ - more.value) return false;
    } while (!held_.compare_exchange_weak(held, held + more.value, std::memory_order_relaxed));
    return true;
}

void BodyBudget::give_back(Bytes taken) {
    const auto before = held_.fetch_sub(taken.value, std::memory_order_relaxed);
    RBEES_ASSERT(before >= taken.value);
}

}  // namespace rbees::net
