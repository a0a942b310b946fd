#pragma once
/// @file
/// What the completion scripts of all shells are made of, out of the command table. Pure.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"

namespace rbees::ctl {

/// Single commands and nouns, with what they are for: what may stand at the first place.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> first_words();

/// Every flag that takes a value, once.
[[nodiscard]] std::vector<const Flag*> value_flags();

/// The words of all nouns and commands, each in single quotes: what is no place in the table is an operand.
[[nodiscard]] std::string known_places(std::string_view separator);

/// What may be typed for a value: words, or a call of the function `_rbees_ids` that every script defines. Empty for
/// none. `call_before` and `call_after` are how the shell writes the output of a call.
struct Candidates {
    std::string_view call_before;
    std::string_view call_after;

    [[nodiscard]] std::string of(std::string_view choices, Completion completion) const;
};

}  // namespace rbees::ctl
