#pragma once
/// @file
/// From the words of a command line to what they ask for. Pure; CLI11 takes the options apart.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/command.hpp"
#include "cli/outcome.hpp"

namespace rbees::ctl {

/// `--help`, or no command where one is needed: the help of these words ("" for rbees itself).
struct HelpWanted {
    std::string words;
};

/// `--version`
struct VersionWanted {};

/// A command to run; options of every command (`--home`, `--json`, ...) lie among the arguments.
struct Invocation {
    const Command* command = nullptr;
    Arguments arguments;
};

using Parsed = std::variant<HelpWanted, VersionWanted, Invocation>;

/// Reads the words after the program's name. Fails with a usage error that names the mistake and, where one is near,
/// what was probably meant.
[[nodiscard]] Checked<Parsed> parse_command_line(const std::vector<std::string>& words);

/// Whether `--json` (or `--format json`) stands among the words: an error that stops the parser is shown accordingly.
[[nodiscard]] bool wants_json(const std::vector<std::string>& words);

}  // namespace rbees::ctl
