#include "parser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lines.hpp"

namespace rbees::bdd {
namespace {

using Refused = std::unexpected<ParseError>;

Refused refuse(int line, std::string message) {
    return Refused(ParseError{line, std::move(message)});
}

/// Inside a doc string \"\"\" stands for quotes that do not close it.
DocString unescape_quotes(DocString doc_string) {
    static constexpr std::string_view escaped = "\\\"\\\"\\\"";
    for (auto at = doc_string.content.find(escaped); at != std::string::npos;
         at = doc_string.content.find(escaped, at)) {
        doc_string.content.replace(at, escaped.size(), "\"\"\"");
    }
    return doc_string;
}

/// Reads the lines once, front to back. Each `read_...` begins at the line that it is about and ends behind its part.
class Parser {
  public:
    explicit Parser(std::string_view text) : lines_(split_lines(text)) {}

    std::expected<Feature, ParseError> read_feature() {
        if (auto tags = read_tags(); !tags) return Refused(tags.error());
        skip_empty();
        if (at_end() || kind() != LineKind::feature) return refuse(number(), "expected \"Feature:\"");
        Feature feature{.name = std::string(take().rest), .tags = std::exchange(tags_, {}), .rules = {Rule{}}};
        skip_description();
        while (true) {
            if (auto tags = read_tags(); !tags) return Refused(tags.error());
            if (at_end()) break;
            if (auto part = read_part(feature); !part) return Refused(part.error());
        }
        if (!tags_.empty()) return refuse(number(), "tags belong to a Feature, Rule, Scenario or Examples");
        return check_scenarios(std::move(feature));
    }

  private:
    std::expected<void, ParseError> read_part(Feature& feature) {
        switch (kind()) {
            case LineKind::rule:
                feature.rules.push_back({.name = std::string(take().rest),
                                         .tags = std::exchange(tags_, {}),
                                         .background = {},
                                         .scenarios = {}});
                skip_description();
                return {};
            case LineKind::background:
                return read_background(feature.rules.back());
            case LineKind::scenario:
            case LineKind::outline:
                return read_scenario(feature.rules.back());
            case LineKind::examples:
                return read_examples(feature.rules.back());
            case LineKind::feature:
                return refuse(number(), "one Feature a file");
            case LineKind::step:
                return refuse(number(), "a step outside of a Scenario or Background");
            default:
                return refuse(number(), "expected Scenario, Scenario Outline, Examples, Background, Rule or a step");
        }
    }

    std::expected<void, ParseError> read_background(Rule& rule) {
        const int line = number();
        if (!tags_.empty()) return refuse(line, "a Background has no tags");
        if (!rule.scenarios.empty()) return refuse(line, "the Background comes before the first Scenario");
        if (!rule.background.empty()) return refuse(line, "one Background for a Feature or Rule");
        take();
        skip_description();
        auto steps = read_steps();
        if (!steps) return Refused(steps.error());
        if (steps->empty()) return refuse(line, "the Background has no steps");
        rule.background = std::move(*steps);
        return {};
    }

    std::expected<void, ParseError> read_scenario(Rule& rule) {
        is_outline_ = kind() == LineKind::outline;
        Scenario scenario{.name = {}, .line = number(), .tags = std::exchange(tags_, {}), .steps = {}, .examples = {}};
        scenario.name = take().rest;
        skip_description();
        auto steps = read_steps();
        if (!steps) return Refused(steps.error());
        if (steps->empty()) return refuse(scenario.line, "a scenario without steps checks nothing");
        scenario.steps = std::move(*steps);
        if (is_outline_) outlines_.push_back(scenario.line);
        rule.scenarios.push_back(std::move(scenario));
        return {};
    }

    std::expected<void, ParseError> read_examples(Rule& rule) {
        if (rule.scenarios.empty() || !is_outline_) return refuse(number(), "Examples belong to a Scenario Outline");
        Examples examples{.name = {}, .line = number(), .tags = std::exchange(tags_, {}), .table = {}};
        examples.name = take().rest;
        skip_description();
        auto table = read_table();
        if (!table) return Refused(table.error());
        if (table->rows.size() < 2) return refuse(examples.line, "Examples need a row of names and a row of values");
        examples.table = std::move(*table);
        rule.scenarios.back().examples.push_back(std::move(examples));
        return {};
    }

    std::expected<std::vector<Step>, ParseError> read_steps() {
        std::vector<Step> steps;
        for (skip_empty(); !at_end() && kind() == LineKind::step; skip_empty()) {
            const Line line = take();
            Step step{std::string(line.keyword), std::string(line.rest), line.number, {}, {}};
            if (step.text.empty()) return refuse(line.number, "a step without words");
            if (auto argument = read_argument(step); !argument) return Refused(argument.error());
            steps.push_back(std::move(step));
        }
        return steps;
    }

    std::expected<void, ParseError> read_argument(Step& step) {
        skip_empty();
        if (at_end()) return {};
        if (kind() == LineKind::table_row) {
            auto table = read_table();
            if (!table) return Refused(table.error());
            step.table = std::move(*table);
        } else if (kind() == LineKind::quotes) {
            auto doc_string = read_doc_string();
            if (!doc_string) return Refused(doc_string.error());
            step.doc_string = std::move(*doc_string);
        }
        return {};
    }

    std::expected<DataTable, ParseError> read_table() {
        DataTable table;
        for (skip_empty(); !at_end() && kind() == LineKind::table_row; skip_empty()) {
            auto cells = split_cells(lines_[next_].raw);
            if (!cells) return refuse(number(), "a table row begins and ends with |");
            const auto wanted = table.rows.empty() ? cells->size() : table.rows.front().size();
            if (cells->size() != wanted) {
                return refuse(number(), fmt::format("{} cells where the first row has {}", cells->size(), wanted));
            }
            table.rows.push_back(std::move(*cells));
            ++next_;
        }
        return table;
    }

    std::expected<DocString, ParseError> read_doc_string() {
        const Line opening = take();
        const auto indentation = opening.raw.find(opening.keyword);
        DocString doc_string{std::string(opening.rest), {}};
        for (bool first = true; !at_end(); first = false) {
            const Line line = take();
            if (line.kind == LineKind::quotes && line.keyword == opening.keyword && line.rest.empty()) {
                return unescape_quotes(std::move(doc_string));
            }
            if (!first) doc_string.content += '\n';
            const auto spaces = std::min(line.raw.find_first_not_of(' '), line.raw.size());
            doc_string.content += line.raw.substr(std::min(indentation, spaces));
        }
        return refuse(opening.number, fmt::format("this {} is never closed", opening.keyword));
    }

    std::expected<void, ParseError> read_tags() {
        for (skip_empty(); !at_end() && kind() == LineKind::tags; skip_empty()) {
            auto tags = split_tags(lines_[next_].raw);
            if (!tags) return refuse(number(), "tags are words that begin with @, with spaces between them");
            tags_.insert(tags_.end(), tags->begin(), tags->end());
            ++next_;
        }
        return {};
    }

    std::expected<Feature, ParseError> check_scenarios(Feature feature) const {
        for (const auto& rule : feature.rules) {
            for (const auto& scenario : rule.scenarios) {
                if (scenario.examples.empty() && std::ranges::find(outlines_, scenario.line) != outlines_.end()) {
                    return refuse(scenario.line, "a Scenario Outline needs Examples");
                }
            }
        }
        return feature;
    }

    void skip_empty() {
        while (!at_end() && kind() == LineKind::empty)
            ++next_;
    }
    void skip_description() {
        while (!at_end() && (kind() == LineKind::empty || kind() == LineKind::text))
            ++next_;
    }

    [[nodiscard]] bool at_end() const { return next_ >= lines_.size(); }
    [[nodiscard]] LineKind kind() const { return lines_[next_].kind; }
    [[nodiscard]] int number() const { return static_cast<int>(std::min(next_, lines_.size() - 1)) + 1; }
    const Line& take() { return lines_[next_++]; }

    std::vector<Line> lines_;
    std::size_t next_ = 0;
    std::vector<std::string> tags_;  ///< read, and not yet given to what follows them
    std::vector<int> outlines_;      ///< lines of the outlines
    bool is_outline_ = false;        ///< the scenario read last
};

}  // namespace

std::expected<Feature, ParseError> parse_feature(std::string_view text) {
    if (trimmed(text).empty()) return refuse(1, "the file is empty; expected \"Feature:\"");
    return Parser(text).read_feature();
}

}  // namespace rbees::bdd
