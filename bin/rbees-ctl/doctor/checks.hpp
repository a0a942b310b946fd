#pragma once
/// @file
/// The checks of `rbees doctor`. Each looks at one thing, changes nothing, and always has something to say.

#include <filesystem>
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

/// The home: its folders and disk, the secrets' modes, whether the journal's files are there and can be written to.
/// None of these is opened, so a rbees-orcd that has them open notices nothing.
void check_home(const Home& home, Findings& findings);

/// The journal, as far as its files show from outside.
struct JournalFiles {
    std::optional<Bytes> size;                        ///< of the database and its log; nothing if there is no database
    std::optional<std::filesystem::path> unwritable;  ///< one of the two that this user may not write to
    bool was_written = false;                         ///< a note beside it says that it had records
};

[[nodiscard]] Finding judge_journal(const std::filesystem::path& journal, const JournalFiles& files);

/// The processes of the home, the port, what rbees-orcd says of itself, and the nodes.
void check_daemons(Session& session, const Home& home, Findings& findings);

enum class Depth : bool { sizes, hashes };

/// Model files against the manifests that the pool manager wrote when it had verified them: sizes, or every byte.
void check_models(const Home& home, Depth depth, Findings& findings);

}  // namespace rbees::ctl
