#pragma once
/// @file
/// The body of a new task, out of what the command line says.

#include <string>

#include "cli/session.hpp"

namespace rbees::ctl {

/// The file of `--file` if there is one, with the members that options give in its place; else the prompt and the
/// options. JSON.
[[nodiscard]] Checked<std::string> task_body(Session& session, const Arguments& arguments);

}  // namespace rbees::ctl
