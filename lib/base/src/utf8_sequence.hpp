#pragma once
/// @file
/// One step through UTF-8: what stands at the front of some bytes. Table 3-7 of the Unicode standard (RFC 3629 section
/// 4).

#include <cstddef>
#include <string_view>

namespace rbees {

enum class Utf8State : unsigned char {
    complete,    ///< a whole character of `length` bytes
    incomplete,  ///< the bytes end inside what may become a character; `length` of them
    invalid,     ///< no character starts with these `length` bytes
};

struct Utf8Sequence {
    Utf8State state;
    std::size_t length;
};

/// Looks at the front of `bytes`, which are not empty.
[[nodiscard]] Utf8Sequence first_utf8_sequence(std::string_view bytes);

}  // namespace rbees
