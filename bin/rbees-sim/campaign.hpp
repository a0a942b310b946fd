#pragma once
/// @file
/// Many seeds, in processes of their own: an assertion that fails in one run is a result, not the end.

#include <cstdint>
#include <functional>
#include <optional>

#include "rbees/base/planted.hpp"
#include "rbees/simulation/report.hpp"
#include "rbees/simulation/run.hpp"

namespace rbees::sim {

struct Campaign {
    std::uint64_t first = 1;
    std::uint64_t seeds = 1;
    std::uint32_t jobs = 1;  ///< processes
    simulation::Options options;
    Bug bug = Bug::none;  ///< planted in every run
};

/// Whether the campaign goes on.
enum class GoOn : std::uint8_t { no, yes };

/// Called with each outcome as it comes, in no promised order if there are several jobs.
using OnOutcome = std::function<GoOn(const simulation::Outcome& outcome)>;

/// Runs them all, or until it is enough. A run that aborts has a violation named "abort". Fails if no process can be
/// made.
[[nodiscard]] Result<void> run_campaign(const Campaign& campaign, const OnOutcome& on_outcome);

}  // namespace rbees::sim
