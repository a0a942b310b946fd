#pragma once
/// @file
/// Refuses slot tickets from before an eviction: rbees-orcd raises the epoch of a worker when it takes the tickets
/// back, and a request that carries an older one must not begin (its slot may be somebody else's by now).

#include <cstdint>
#include <expected>

#include "rbees/contracts/problem.hpp"
#include "rbees/net/message.hpp"

namespace rbees::workerd {

/// A value; the loop's thread only.
class EpochGate {
  public:
    /// Lets the newest epoch seen pass, and newer ones. Fails with the newest for an older one.
    [[nodiscard]] std::expected<void, std::uint64_t> pass(std::uint64_t epoch);

    /// The same for the ticket that a request shows; one without a ticket passes.
    [[nodiscard]] std::expected<void, contracts::Problem> check(const net::Request& request);

  private:
    std::uint64_t newest_ = 0;
};

}  // namespace rbees::workerd
