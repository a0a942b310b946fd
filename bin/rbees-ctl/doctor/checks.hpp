#pragma once
/// @file
/// The checks of `rbees doctor`. Each looks at one thing, changes nothing, and always has something to say.

#include <optional>
#include <string>

#include "cli/session.hpp"
#include "doctor/finding.hpp"

namespace rbees::ctl {

/// The machine: memory, instruction sets, open files, programs that downloads need.
void check_machine(const Environment& environment, Findings& findings);

/// What each check makes of what it reads; pure.
[[nodiscard]] Finding judge_memory(const std::string& meminfo);
[[nodiscard]] Finding judge_processor(const std::string& cpuinfo);
[[nodiscard]] Finding judge_open_files(std::uint64_t limit);

/// The home: its folders and disk, the secrets' modes.
void check_home(const Home& home, Findings& findings);

/// The processes of the home, the port, what rbees-orcd says of itself, and the nodes.
void check_daemons(Session& session, const Home& home, Findings& findings);

enum class Depth : bool { sizes, hashes };

/// Model files against the manifests that the pool manager wrote when it had verified them: sizes, or every byte.
void check_models(const Home& home, Depth depth, Findings& findings);

}  // namespace rbees::ctl
