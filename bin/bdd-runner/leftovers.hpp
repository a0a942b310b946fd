#pragma once
/// @file
/// Finds the processes that belong to one scenario, wherever they went: they carry its mark in their environment, or
/// its folder in their command line.

#include <string>
#include <vector>

#include <sys/types.h>

namespace rbees::bdd {

struct RunningProcess {
    pid_t pid = 0;
    std::string name;  ///< of the program's file
};

/// Processes whose environment or command line contains `mark`; zombies and this process itself are left out.
[[nodiscard]] std::vector<RunningProcess> find_processes(const std::string& mark);

/// "rbees-orcd (4711), rbees-workerd (4712)".
[[nodiscard]] std::string describe(const std::vector<RunningProcess>& processes);

}  // namespace rbees::bdd
