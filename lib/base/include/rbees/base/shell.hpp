#pragma once
/// @file
/// Commands that a message proposes are copied into a shell, so what comes from outside is quoted there.

#include <string>
#include <string_view>

namespace rbees {

/// The text as one word of a command line of a POSIX shell: as it is where every shell reads it as itself, else in
/// single quotes. A NUL cannot be in a word, and is nobody's to pass.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace rbees
