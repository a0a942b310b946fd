#pragma once
/// @file
/// rbees-sim: many simulated runs, one run again, and the proof that planted bugs are found.

namespace rbees::sim {

/// The exit code: 0 if every promise was kept, 1 if one was broken (or a planted bug was not found), 2 for a wrong
/// command line.
[[nodiscard]] int run_application(int count, char** words);

}  // namespace rbees::sim
