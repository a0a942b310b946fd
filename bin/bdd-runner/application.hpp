#pragma once
/// @file
/// The command `bdd-runner`: options, files, report, exit code.

namespace rbees::bdd {

/// 0 all passed, 1 something failed, 2 wrong usage.
[[nodiscard]] int run_application(int count, char** words);

}  // namespace rbees::bdd
