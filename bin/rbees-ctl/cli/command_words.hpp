#pragma once
/// @file
/// Which command a command line means: its words are found among options, which may stand before, between and after.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/outcome.hpp"

namespace rbees::ctl {

/// The command (or only its group, or nothing) and what stands around its words.
struct CommandWords {
    const Command* command = nullptr;
    const Group* group = nullptr;
    std::vector<std::string> rest;  ///< every other word, in order
};

/// Fails for a command that does not exist, with the nearest one as the hint.
[[nodiscard]] Checked<CommandWords> find_command_words(const std::vector<std::string>& words);

/// A flag of the command (or of every command) by "--name" or "-n"; `command` may be null.
[[nodiscard]] const Flag* find_flag(const Command* command, std::string_view written);

}  // namespace rbees::ctl
