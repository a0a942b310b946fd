#pragma once
/// @file
/// How much memory the bodies of requests may take together, whoever sends them: a bound for each body and one for the
/// number of connections still allow their product.

#include <atomic>
#include <cstdint>

#include "rbees/base/units.hpp"

namespace rbees::net {

/// Bytes of bodies that are held now. Shared by the servers of a process. Thread-safe.
class BodyBudget {
  public:
    explicit BodyBudget(Bytes most) : most_(most.value) {}
    BodyBudget(const BodyBudget&) = delete;
    BodyBudget& operator=(const BodyBudget&) = delete;

    /// Takes so much more, or nothing if that is not left.
    [[nodiscard]] bool take(Bytes more);

    /// Gives back what was taken.
    void give_back(Bytes taken);

    [[nodiscard]] Bytes held() const { return Bytes(held_.load(std::memory_order_relaxed)); }

  private:
    const std::uint64_t most_;
    std::atomic<std::uint64_t> held_{0};
};

}  // namespace rbees::net
