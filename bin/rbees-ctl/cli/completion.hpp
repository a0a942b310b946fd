#pragma once
/// @file
/// Scripts that complete command lines on Tab, made from the command table. Pure.
///
/// Ids of models, workers, nodes and tokens are asked for through rbees itself, for one second at most, with the --home
/// and --url that the line names.

#include <string>
#include <string_view>

namespace rbees::ctl {

/// The script for "bash", "zsh" or "fish".
[[nodiscard]] std::string completion_script(std::string_view shell);

[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace rbees::ctl
