#pragma once
/// @file
/// What /proc/PID/stat says (proc(5)).

#include <cstdint>
#include <optional>
#include <string_view>

namespace rbees::process {

/// Field 22, clock ticks after boot; nothing if the text is no such line. The second field is the program's name in
/// parentheses and may itself hold blanks and parentheses, so fields are counted from the last one.
[[nodiscard]] std::optional<std::uint64_t> start_time_in(std::string_view stat);

}  // namespace rbees::process
