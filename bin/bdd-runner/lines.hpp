#pragma once
/// @file
/// A feature file line by line, each told apart by what it begins with.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feature.hpp"

namespace rbees::bdd {

enum class LineKind : std::uint8_t {
    empty,  ///< or a comment
    tags,
    feature,
    rule,
    background,
    scenario,
    outline,
    examples,
    step,
    table_row,
    quotes,  ///< begins or ends a doc string
    text,    ///< anything else: a description
};

/// A line; the views point into the text that was split.
struct Line {
    LineKind kind = LineKind::empty;
    int number = 0;            ///< from 1
    std::string_view raw;      ///< as it stands, without the line end
    std::string_view keyword;  ///< of a step, or the quotes of a doc string
    std::string_view rest;     ///< behind the keyword, trimmed
};

/// Never fails: what is not recognised is text.
[[nodiscard]] std::vector<Line> split_lines(std::string_view text);

/// The tags of a tag line, with their @; nothing if a word of it is no tag.
[[nodiscard]] std::optional<std::vector<std::string>> split_tags(std::string_view line);

/// The cells of "| a | b |", trimmed, with \| \\ and \n resolved; nothing if the last | is missing.
[[nodiscard]] std::optional<Row> split_cells(std::string_view line);

/// The text without white space at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace rbees::bdd
