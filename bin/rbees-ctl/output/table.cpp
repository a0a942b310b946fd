#include "output/table.hpp"

#include <algorithm>

#include "rbees/base/assert.hpp"

namespace rbees::ctl {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::size_t> widths_of(const std::vector<std::vector<Cell>>& lines) {
    std::vector<std::size_t> widths(lines.front().size());
    for (const auto& line : lines) {
        RBEES_ASSERT(line.size() == widths.size());
        for (std::size_t column = 0; column < line.size(); ++column) {
            widths[column] = std::max(widths[column], columns_of(line[column].text));
        }
    }
    return widths;
}

std::string render_line(const std::vector<Cell>& line, const std::vector<std::size_t>& widths, Colour colour) {
    std::string text;
    for (std::size_t column = 0; column < line.size(); ++column) {
        text += paint(colour, line[column].tone, line[column].text);
        if (column + 1 == line.size()) break;
        text.append(widths[column] - columns_of(line[column].text) + gap, ' ');
    }
    return text + "\n";
}

}  // namespace

std::size_t columns_of(std::string_view text) {
    const auto is_first_byte = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
    return static_cast<std::size_t>(std::ranges::count_if(text, is_first_byte));
}

std::string render(const Table& table, Colour colour) {
    std::vector<std::vector<Cell>> lines;
    auto& heading = lines.emplace_back();
    for (const auto& word : table.heading) {
        heading.emplace_back(word, Tone::strong);
    }
    for (const auto& row : table.rows) {
        auto& line = lines.emplace_back(row);
        for (auto& cell : line) {
            if (cell.text.empty()) cell.text = "-";
        }
    }
    const auto widths = widths_of(lines);
    std::string text;
    for (const auto& line : lines) {
        text += render_line(line, widths, colour);
    }
    return text;
}

}  // namespace rbees::ctl
