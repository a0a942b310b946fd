#pragma once
/// @file
/// What `--help` and `rbees help` print, made from the command table. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace rbees::ctl {

/// Help of rbees itself (""), of a group ("models") or of a command ("models pull"); nothing if there is no such thing.
[[nodiscard]] std::optional<std::string> help_of(std::string_view words);

/// A page that belongs to no command.
struct Topic {
    std::string_view name;
    std::string_view summary;
    std::string (*text)();
};

[[nodiscard]] std::span<const Topic> topics();

}  // namespace rbees::ctl
