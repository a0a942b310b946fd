#pragma once
/// @file
/// Text that a command takes: from the command line, from stdin for "-", or from a file.

#include <string>

#include "cli/session.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::ctl {

/// The prompt itself; "-" stands for stdin. Refused if it is empty, larger than 16 MiB, or not UTF-8. `example` is a
/// command line for the hint.
[[nodiscard]] Checked<std::string> read_prompt(Session& session, std::string written, std::string_view example);

/// A file with one JSON object; "-" stands for stdin. `flag` is the option that names it, for errors.
[[nodiscard]] Checked<reflect::json::object> read_json_file(Session& session, std::string_view flag,
                                                            const std::string& path);

}  // namespace rbees::ctl
