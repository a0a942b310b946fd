#pragma once
/// @file
/// What a run showed.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/time.hpp"
#include "rbees/simulation/trace.hpp"

namespace rbees::simulation {

/// A promise that was broken.
struct Violation {
    std::string check;   ///< which one, in a word or two
    std::string detail;  ///< what was seen
    Duration at{};       ///< since the start of the run
};

/// How long tasks waited for their first worker.
struct Waits {
    std::vector<Duration> interactive;
    std::vector<Duration> batch;
};

struct Outcome {
    std::uint64_t seed = 0;
    std::optional<Violation> violation;
    std::uint64_t steps = 0;
    Duration virtual_time{};
    std::uint64_t trace_hash = 0;
    std::map<std::string, std::uint64_t> counts;  ///< what happened how often: faults, ends, attempts
    Waits waits;
    std::vector<TraceLine> trace;  ///< if it was kept
};

}  // namespace rbees::simulation
