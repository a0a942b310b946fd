#pragma once
/// @file
/// Runs one command to its end, as a user's shell would, and keeps what it said.
///
/// Not lib/process: the runner must see what the house leaves behind, so it shares no code with what it watches.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/time.hpp"

namespace rbees::bdd {

struct Command {
    std::vector<std::string> words;        ///< the program, found along the PATH of `environment`, and its arguments
    std::vector<std::string> environment;  ///< "NAME=value", nothing is inherited
    Duration limit{};                      ///< then it and its process group are killed
};

struct CommandResult {
    int exit_code = -1;  ///< 128 + signal when a signal ended it
    std::string out;
    std::string err;
    bool let_go = true;  ///< false when the command ended but somebody still holds its stdout or stderr open
};

/// Runs it with an empty stdin. Fails when it cannot start or the limit passes.
[[nodiscard]] std::expected<CommandResult, std::string> run_command(const Command& command);

/// Splits as a shell does, with 'single' and "double" quotes and no expansion. Fails for a quote that is not closed.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> split_words(std::string_view line);

}  // namespace rbees::bdd
