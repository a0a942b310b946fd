#pragma once
/// @file
/// Whether a value fits what the table says of it. Every refusal names the option, the value, and what would fit.

#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/outcome.hpp"

namespace rbees::ctl {

[[nodiscard]] Checked<void> check_value(const Flag& flag, const std::string& value);

/// `choices` as "a|b|c"; empty for any value.
[[nodiscard]] Checked<void> check_choice(std::string_view name, std::string_view choices, std::string_view value);

/// Calls `visit` with each part of "a|b|c".
template <class Visitor>
void for_each_choice(std::string_view choices, Visitor&& visit) {
    while (!choices.empty()) {
        const auto end = choices.find('|');
        visit(choices.substr(0, end));
        choices = end == std::string_view::npos ? std::string_view{} : choices.substr(end + 1);
    }
}

}  // namespace rbees::ctl
