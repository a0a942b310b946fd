#pragma once
/// @file
/// A page that shows what many runs covered, and one of them as a picture.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rbees/simulation/outcome.hpp"
#include "rbees/simulation/plan.hpp"

namespace rbees::simulation {

/// Many runs together.
struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t steps = 0;
    std::uint64_t steps_least = 0;  ///< of one run
    Duration virtual_time{};
    Duration real_time{};
    std::map<std::string, std::uint64_t> counts;
    Waits waits;

    void add(const Outcome& outcome);

    /// Virtual time over real time.
    [[nodiscard]] double factor() const;
};

/// The value that so many in a hundred do not exceed; 0 of none.
[[nodiscard]] Duration percentile(std::vector<Duration> values, std::uint32_t percent);

/// One file of HTML that needs no other: the totals, and the outcome (with its trace) of that plan as a time line.
[[nodiscard]] std::string report_page(const Totals& totals, const Plan& plan, const Outcome& outcome);

}  // namespace rbees::simulation
