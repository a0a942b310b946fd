#pragma once
/// @file
/// When text is coloured, and how. Colour is never the only sign of anything: words and marks say it too.

#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/base/home.hpp"  // Environment

namespace rbees::ctl {

/// Whether a stream is a terminal, with a person before it.
enum class Terminal : bool { no, yes };

enum class Colour : bool { off, on };

/// What a piece of text means; the colour follows from it.
enum class Tone : std::uint8_t { plain, strong, faint, good, warning, bad };

/// Off for `--no-color`, where the stream is no terminal, for TERM=dumb, and where NO_COLOR is not empty
/// (no-color.org).
[[nodiscard]] Colour decide_colour(Terminal stream, Colour wish, const Environment& environment);

/// The sequence that begins a tone; empty for `plain`.
[[nodiscard]] std::string colour_start(Tone tone);

/// The sequence that ends every tone.
inline constexpr std::string_view colour_end = "\x1b[0m";

/// The text with its escape sequences; unchanged for `off` and `plain`.
[[nodiscard]] std::string paint(Colour colour, Tone tone, std::string_view text);

}  // namespace rbees::ctl
