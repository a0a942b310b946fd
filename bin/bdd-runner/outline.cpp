#include "outline.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rbees::bdd {
namespace {

using Filled = std::expected<std::string, std::string>;  ///< or the placeholder that no column has

/// One row of examples under the names of its columns.
class Values {
  public:
    Values(const Row& names, const Row& values) : names_(names), values_(values) {}

    [[nodiscard]] Filled fill(std::string_view text) const {
        std::string filled;
        while (true) {
            const auto opening = text.find('<');
            filled += text.substr(0, opening);
            if (opening == std::string_view::npos) return filled;
            text.remove_prefix(opening);
            const auto name = text.substr(1, text.find('>') - 1);
            if (!is_placeholder(text, name)) {
                filled += '<';
                text.remove_prefix(1);
                continue;
            }
            const auto column = std::ranges::find(names_, name);
            if (column == names_.end()) return std::unexpected(std::string(name));
            filled += values_[static_cast<std::size_t>(column - names_.begin())];
            text.remove_prefix(name.size() + 2);
        }
    }

  private:
    /// "<word>" or "<two words>"; "a < b", "<=" and "<html/>" are text.
    [[nodiscard]] static bool is_placeholder(std::string_view text, std::string_view name) {
        static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ -";
        return text.contains('>') && !name.empty() && name.find_first_not_of(letters) == std::string_view::npos &&
               !name.starts_with(' ') && !name.ends_with(' ');
    }

    const Row& names_;
    const Row& values_;
};

/// Fills in the name, the text, the table and the doc string of a step.
std::expected<Step, std::string> fill_step(const Values& values, Step step) {
    std::vector<std::string*> parts{&step.text};
    if (step.doc_string) parts.push_back(&step.doc_string->content);
    if (step.table) {
        for (auto& row : step.table->rows) {
            for (auto& cell : row)
                parts.push_back(&cell);
        }
    }
    for (auto* part : parts) {
        auto filled = values.fill(*part);
        if (!filled) return std::unexpected(filled.error());
        *part = std::move(*filled);
    }
    return step;
}

std::vector<std::string> joined(std::vector<std::string> tags, const std::vector<std::string>& more) {
    tags.insert(tags.end(), more.begin(), more.end());
    return tags;
}

std::expected<Case, ParseError> fill_case(Case filled, const Values& values) {
    const auto no_column = [](int line, const std::string& name) {
        return std::unexpected(ParseError{line, fmt::format("the examples have no column <{}>", name)});
    };
    auto name = values.fill(filled.name);
    if (!name) return no_column(filled.line, name.error());
    filled.name = std::move(*name);
    for (auto& step : filled.steps) {
        auto done = fill_step(values, step);
        if (!done) return no_column(step.line, done.error());
        step = std::move(*done);
    }
    return filled;
}

/// The cases of one outline: one for each row below the names.
std::expected<void, ParseError> expand_outline(const Case& outline, const Scenario& scenario, std::size_t background,
                                               std::vector<Case>& cases) {
    int number = 0;
    for (const auto& examples : scenario.examples) {
        const auto& rows = examples.table.rows;
        for (std::size_t row = 1; row < rows.size(); ++row) {
            Case own = outline;
            own.tags = joined(outline.tags, examples.tags);
            own.steps.assign(scenario.steps.begin(), scenario.steps.end());
            auto filled = fill_case(std::move(own), Values(rows.front(), rows[row]));
            if (!filled) return std::unexpected(filled.error());
            filled->name += fmt::format(" #{}", ++number);
            const auto shared = outline.steps.begin() + static_cast<std::ptrdiff_t>(background);
            filled->steps.insert(filled->steps.begin(), outline.steps.begin(), shared);
            cases.push_back(std::move(*filled));
        }
    }
    return {};
}

}  // namespace

std::expected<std::vector<Case>, ParseError> expand(const Feature& feature) {
    std::vector<Case> cases;
    const auto& common = feature.rules.front().background;
    for (const auto& rule : feature.rules) {
        auto background = common;
        if (&rule != &feature.rules.front()) {
            background.insert(background.end(), rule.background.begin(), rule.background.end());
        }
        for (const auto& scenario : rule.scenarios) {
            Case one{feature.name, scenario.name, scenario.line, joined(joined(feature.tags, rule.tags), scenario.tags),
                     background};
            if (scenario.examples.empty()) {
                one.steps.insert(one.steps.end(), scenario.steps.begin(), scenario.steps.end());
                cases.push_back(std::move(one));
            } else if (auto done = expand_outline(one, scenario, background.size(), cases); !done) {
                return std::unexpected(done.error());
            }
        }
    }
    return cases;
}

}  // namespace rbees::bdd
