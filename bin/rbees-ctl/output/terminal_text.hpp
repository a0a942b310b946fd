#pragma once
/// @file
/// What may reach a terminal. A terminal obeys control characters: text of a model, a log or another machine could move
/// the cursor, fill the clipboard (OSC 52) or set the window's title with them.

#include <string>
#include <string_view>

#include "output/colour.hpp"

namespace rbees::ctl {

/// The text without control characters (C0, DEL, C1; ISO/IEC 6429), also those in UTF-8; line ends and tabs stay. With
/// `colour` on, the sequences of `paint` stay, too: the worst that others can do with them is colour. Bytes that are no
/// UTF-8 stay, unless a terminal could take them for C1. The pieces of a stream must end between characters.
[[nodiscard]] std::string for_terminal(std::string_view text, Colour colour);

}  // namespace rbees::ctl
