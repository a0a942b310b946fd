#pragma once
/// @file
/// A feature file as values: what the parser reads and the runner runs. Lines count from 1, for messages.

#include <optional>
#include <string>
#include <vector>

namespace rbees::bdd {

using Row = std::vector<std::string>;

/// The table below a step or an `Examples:`; all rows have the same number of cells.
struct DataTable {
    std::vector<Row> rows;

    bool operator==(const DataTable&) const = default;
};

/// The text between two lines of `"""`, without the indentation of the first of them.
struct DocString {
    std::string media_type;  ///< what stands behind the opening quotes; often nothing
    std::string content;

    bool operator==(const DocString&) const = default;
};

struct Step {
    std::string keyword;  ///< as written: Given, When, Then, And, But, *
    std::string text;
    int line = 0;
    std::optional<DataTable> table;
    std::optional<DocString> doc_string;

    bool operator==(const Step&) const = default;
};

struct Examples {
    std::string name;
    int line = 0;
    std::vector<std::string> tags;  ///< with their @
    DataTable table;                ///< the first row names the placeholders

    bool operator==(const Examples&) const = default;
};

/// A scenario, or an outline when it has examples.
struct Scenario {
    std::string name;
    int line = 0;
    std::vector<std::string> tags;
    std::vector<Step> steps;
    std::vector<Examples> examples;

    bool operator==(const Scenario&) const = default;
};

/// A `Rule:`, or the part of a feature before its first rule (then without a name).
struct Rule {
    std::string name;
    std::vector<std::string> tags;
    std::vector<Step> background;
    std::vector<Scenario> scenarios;

    bool operator==(const Rule&) const = default;
};

struct Feature {
    std::string name;
    std::vector<std::string> tags;
    std::vector<Rule> rules;  ///< the first one has no name and holds the feature's own background

    bool operator==(const Feature&) const = default;
};

}  // namespace rbees::bdd
