#pragma once
/// @file
/// Tables for people: one row a line, columns aligned, no borders, so that a line can be picked out with ordinary
/// tools.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "output/colour.hpp"

namespace rbees::ctl {

struct Cell {
    std::string text;
    Tone tone = Tone::plain;

    Cell(std::string text_, Tone tone_ = Tone::plain) : text(std::move(text_)), tone(tone_) {}
    Cell(std::string_view text_, Tone tone_ = Tone::plain) : text(text_), tone(tone_) {}
    Cell(const char* text_, Tone tone_ = Tone::plain) : text(text_), tone(tone_) {}
};

/// A heading and rows of as many cells. An empty cell is shown as "-", so that the columns can be counted.
struct Table {
    std::vector<std::string> heading;
    std::vector<std::vector<Cell>> rows;
};

/// The lines of the table, each ended by a line end and without trailing blanks.
[[nodiscard]] std::string render(const Table& table, Colour colour);

/// Characters of UTF-8 text, as far as columns need them: code points, each one column wide.
[[nodiscard]] std::size_t columns_of(std::string_view text);

}  // namespace rbees::ctl
