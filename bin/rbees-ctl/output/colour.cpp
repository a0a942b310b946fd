#include "output/colour.hpp"

#include <fmt/format.h>

namespace rbees::ctl {
namespace {

/// The parameter of the SGR sequence (ECMA-48, 8.3.117); only the eight old colours, which every theme keeps readable.
std::string_view sequence_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::strong:
            return "1";
        case Tone::faint:
            return "2";
        case Tone::good:
            return "32";
        case Tone::warning:
            return "33";
        case Tone::bad:
            return "31";
    }
    return "";
}

}  // namespace

Colour decide_colour(Terminal stream, Colour wish, const Environment& environment) {
    if (stream == Terminal::no || wish == Colour::off) return Colour::off;
    if (environment("TERM").value_or("") == "dumb") return Colour::off;
    return environment("NO_COLOR").value_or("").empty() ? Colour::on : Colour::off;
}

std::string colour_start(Tone tone) {
    return tone == Tone::plain ? std::string() : fmt::format("\x1b[{}m", sequence_of(tone));
}

std::string paint(Colour colour, Tone tone, std::string_view text) {
    if (colour == Colour::off || tone == Tone::plain || text.empty()) return std::string(text);
    return fmt::format("{}{}{}", colour_start(tone), text, colour_end);
}

}  // namespace rbees::ctl
