#include "rbees/simulation/random.hpp"

#include <bit>

namespace rbees::simulation {
namespace {

constexpr std::uint64_t fnv_prime = 0x100000001b3ULL;

std::uint64_t splitmix64(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    auto z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash) {
    for (const char byte : bytes) {
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * fnv_prime;
    }
    return hash;
}

std::uint64_t fnv1a(std::uint64_t number, std::uint64_t hash) {
    for (int shift = 0; shift < 64; shift += 8) {
        hash = (hash ^ ((number >> shift) & 0xff)) * fnv_prime;
    }
    return hash;
}

Random::Random(std::uint64_t seed) {
    for (auto& word : state_) {
        word = splitmix64(seed);
    }
}

std::uint64_t Random::next() {
    const auto result = std::rotl(state_[1] * 5, 7) * 9;
    const auto shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

Duration Random::between(Duration low, Duration high) {
    const auto span = static_cast<std::uint64_t>((high - low).count());
    return low + Duration(static_cast<Duration::rep>(between(0, span)));
}

}  // namespace rbees::simulation
