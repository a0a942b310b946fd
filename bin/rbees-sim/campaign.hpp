#pragma once
/// @file
/// Many seeds, in processes of their own: an assertion that fails in one run is a result, not the end.

#include <cstdint>
#include <functional>
#include <optional>

#include "rbees/simulation/report.hpp"
#include "rbees/simulation/run.hpp"

namespace rbees::sim {

struct Campaign {
    std::uint64_t first = 1;
    std::uint64_t seeds = 1;
    std::uint32_t jobs = 1;  ///< processes
    simulation::Options options;
    /// Called in the process that runs the seed, before it says that it begins.
    std::function<void(std::uint64_t seed)> prepare = {};
};

/// Whether the campaign goes on.
enum class GoOn : std::uint8_t { no, yes };

/// Called with each outcome as it comes, in no promised order if there are several jobs.
using OnOutcome = std::function<GoOn(const simulation::Outcome& outcome)>;

/// Runs them all, or until it is enough. A run that aborts has a violation named "abort". Fails if no process can be
/// made, if one ends outside of a run before it has done its seeds, and if a seed has no outcome for whatever reason.
[[nodiscard]] Result<void> run_campaign(const Campaign& campaign, const OnOutcome& on_outcome);

}  // namespace rbees::sim
