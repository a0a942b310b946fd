#pragma once
/// @file
/// UTF-8 (RFC 3629): checked once where bytes come in; cut only between characters where text goes out.

#include <cstddef>
#include <string>
#include <string_view>

namespace rbees {

/// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

/// The bytes as text: what is no character becomes U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view bytes);

/// Length of the longest prefix that ends between characters, for bytes that arrive in pieces: of valid text, any
/// piece's prefix is valid. Bytes that can never become a character stay in the prefix, so that no stream waits behind
/// them.
[[nodiscard]] std::size_t complete_utf8_prefix(std::string_view bytes);

/// Text of at most so many bytes (not below 3): what is longer is cut between characters, and ends with "...".
[[nodiscard]] std::string shortened(std::string text, std::size_t bytes_max);

}  // namespace rbees
