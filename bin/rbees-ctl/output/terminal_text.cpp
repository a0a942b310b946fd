#include "output/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "rbees/base/utf8.hpp"

namespace rbees::ctl {
namespace {

constexpr std::string_view escape = "\x1b";
constexpr std::array tones{Tone::strong, Tone::faint, Tone::good, Tone::warning, Tone::bad};

/// Length of a sequence of `paint` at the front; 0 if none stands there.
std::size_t own_sequence_at(std::string_view text) {
    if (text.starts_with(colour_end)) return colour_end.size();
    for (const auto tone : tones) {
        const auto start = colour_start(tone);
        if (text.starts_with(start)) return start.size();
    }
    return 0;
}

/// Bytes of the character at the front; 1 for a byte that begins none.
std::size_t character_at(std::string_view text) {
    for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length) {
        if (is_valid_utf8(text.substr(0, length))) return length;
    }
    return 1;
}

bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1)
        return (first < 0x20 && first != '\n' && first != '\t') || (0x7f <= first && first < 0xa0);
    return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

std::string for_terminal(std::string_view text, Colour colour) {
    std::string kept;
    kept.reserve(text.size());
    while (!text.empty()) {
        const bool may_be_own = colour == Colour::on && text.starts_with(escape);
        const auto own = may_be_own ? own_sequence_at(text) : 0;
        const auto length = own > 0 ? own : character_at(text);
        const auto piece = text.substr(0, length);
        if (own > 0 || !is_control(piece)) kept += piece;
        text.remove_prefix(length);
    }
    return kept;
}

}  // namespace rbees::ctl
