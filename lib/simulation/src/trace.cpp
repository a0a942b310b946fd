#include "rbees/simulation/trace.hpp"

#include <fmt/format.h>

#include <chrono>

#include "rbees/simulation/random.hpp"

namespace rbees::simulation {

std::string to_text(const TraceLine& line) {
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(line.at).count();
    return fmt::format("{:>6}.{:06} s  {:<10} {:<24} {} {}", microseconds / 1'000'000, microseconds % 1'000'000,
                       line.lane, line.what, line.about, line.number);
}

void Trace::note(Duration at, std::string_view lane, std::string_view what, std::string_view about,
                 std::uint64_t number) {
    hash_ = fnv1a(static_cast<std::uint64_t>(at.count()), hash_);
    hash_ = fnv1a(about, fnv1a(what, fnv1a(lane, hash_)));
    hash_ = fnv1a(number, hash_);
    if (keeping_ == Keeping::number) return;
    lines_.push_back({at, std::string(lane), what, std::string(about), number});
}

}  // namespace rbees::simulation
