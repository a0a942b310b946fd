#pragma once
/// @file
/// Randomness that is the same everywhere: the generator and every distribution are written here, because those of the
/// standard library may differ from one library to the next, and a seed must mean the same run on each machine.

#include <array>
#include <cstdint>
#include <string_view>

#include "rbees/base/time.hpp"

namespace rbees::simulation {

/// FNV-1a over bytes, going on from `hash`: for traces, and to draw streams of their own from one seed.
[[nodiscard]] std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325ULL);

/// The same over the eight bytes of a number.
[[nodiscard]] std::uint64_t fnv1a(std::uint64_t number, std::uint64_t hash);

/// xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. A value; not for secrets.
class Random {
  public:
    explicit Random(std::uint64_t seed);

    /// A stream of its own for one purpose, so that what one part draws does not change what another part draws.
    Random(std::uint64_t seed, std::string_view purpose) : Random(fnv1a(purpose, fnv1a(seed, 0))) {}

    [[nodiscard]] std::uint64_t next();

    /// Less than `bound`, which must not be 0. The bias of the remainder is far below what a test could see.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next() % bound; }

    /// From `low` to `high`, both included.
    [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    [[nodiscard]] Duration between(Duration low, Duration high);

    /// True so many times in a thousand.
    [[nodiscard]] bool chance(std::uint32_t per_mille) { return below(1'000) < per_mille; }

  private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace rbees::simulation
