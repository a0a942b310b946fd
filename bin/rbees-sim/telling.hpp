#pragma once
/// @file
/// What rbees-sim prints.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rbees/simulation/report.hpp"

namespace rbees::sim {

/// Totals for people.
[[nodiscard]] std::string to_text(const simulation::Totals& totals);

/// A broken promise with the seed and how to see it again.
[[nodiscard]] std::string to_text(const simulation::Outcome& failure);

/// How a planted bug was found.
struct Finding {
    std::string bug;
    std::uint64_t seeds = 0;           ///< that were run
    std::optional<std::string> check;  ///< that failed; nothing if it was not found
};

[[nodiscard]] std::string to_json(const simulation::Totals& totals, const std::vector<simulation::Outcome>& failures);
[[nodiscard]] std::string to_json(const std::vector<Finding>& findings);

}  // namespace rbees::sim
