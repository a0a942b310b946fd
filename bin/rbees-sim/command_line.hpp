#pragma once
/// @file
/// What the command line of rbees-sim says.

#include <cstdint>
#include <expected>
#include <string>

#include "rbees/simulation/plan.hpp"

namespace rbees::sim {

enum class Verb : std::uint8_t {
    run,      ///< many seeds
    replay,   ///< one seed, told in full
    planted,  ///< many seeds for each planted bug
};

struct CommandLine {
    Verb verb = Verb::run;
    std::uint64_t first = 1;
    std::uint64_t seeds = 1'000;
    std::uint32_t jobs = 1;
    std::string report;  ///< a file; none if empty
    std::string bug;     ///< planted meanwhile; none if empty
    bool is_json = false;
    bool has_trace = false;
    bool shrinks = true;
    simulation::Options options;
};

/// An exit code instead, if it was a question for help (0) or is wrong (2); what is to be said was said.
[[nodiscard]] std::expected<CommandLine, int> read_command_line(int count, char** words);

}  // namespace rbees::sim
