#pragma once
/// @file
/// Text as a JSON string, for log lines. Base has no JSON library: this is all that a log needs of it.

#include <string>
#include <string_view>

namespace rbees {

/// Appends `text` to `out` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD, so that one bad
/// byte in a file name does not spoil a whole log for its readers.
void append_json_string(std::string& out, std::string_view text);

}  // namespace rbees
