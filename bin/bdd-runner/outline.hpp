#pragma once
/// @file
/// From a feature to the scenarios that are run: backgrounds put in front, outlines filled in, tags inherited.

#include <expected>
#include <string>
#include <vector>

#include "feature.hpp"
#include "parser.hpp"

namespace rbees::bdd {

/// One scenario as it is run.
struct Case {
    std::string feature;
    std::string name;  ///< an outline's with its placeholders filled in, and the number of the row
    int line = 0;      ///< of the scenario, or of the row of its examples
    std::vector<std::string> tags;
    std::vector<Step> steps;

    bool operator==(const Case&) const = default;
};

/// All cases in the order of the file. Fails for a `<placeholder>` that no column of the examples has.
[[nodiscard]] std::expected<std::vector<Case>, ParseError> expand(const Feature& feature);

}  // namespace rbees::bdd
