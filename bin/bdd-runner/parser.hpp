#pragma once
/// @file
/// Reads Gherkin (https://cucumber.io/docs/gherkin/reference), English keywords.
///
/// Stricter than the reference where leniency hides mistakes: a scenario without steps, a table with ragged rows, a
/// placeholder without a column, tags that belong to nothing are errors, each with its line.

#include <expected>
#include <string>
#include <string_view>

#include "feature.hpp"

namespace rbees::bdd {

struct ParseError {
    int line = 0;
    std::string message;  ///< what is wrong and what was expected

    bool operator==(const ParseError&) const = default;
};

/// The feature of one file. Never throws; any bytes give a feature or an error.
[[nodiscard]] std::expected<Feature, ParseError> parse_feature(std::string_view text);

}  // namespace rbees::bdd
