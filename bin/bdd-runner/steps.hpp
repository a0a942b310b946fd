#pragma once
/// @file
/// The vocabulary of the features: patterns and what each does.
///
/// A table belongs to one scenario: its functions share the state of that scenario (world.hpp) and are gone with it.

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "feature.hpp"
#include "pattern.hpp"

namespace rbees::bdd {

/// Nothing when the step holds; else why not, in words for the reader of the feature.
using Outcome = std::expected<void, std::string>;

/// "return failed("it exited with 1")".
[[nodiscard]] inline std::unexpected<std::string> failed(std::string why) {
    return std::unexpected(std::move(why));
}

/// What a step gives its function.
struct StepInput {
    std::vector<std::string> values;  ///< what filled the gaps
    DataTable table;                  ///< empty without one
    std::string text;                 ///< the doc string; empty without one
};

using StepFunction = std::function<Outcome(const StepInput& input)>;

class StepTable {
  public:
    void add(std::string pattern, StepFunction function);

    /// Called once when the scenario is over, whatever its outcome; a failure of it fails the scenario.
    void at_end(StepFunction function) { at_end_ = std::move(function); }

    /// The one function that fits, bound to its input. Fails when none or two patterns fit, saying which, or what to
    /// add.
    [[nodiscard]] std::expected<std::function<Outcome()>, std::string> find(const Step& step) const;

    [[nodiscard]] Outcome end() const { return at_end_ ? at_end_({}) : Outcome(); }

    /// Every pattern, sorted.
    [[nodiscard]] std::vector<std::string> patterns() const;

  private:
    struct Entry {
        Pattern pattern;
        StepFunction function;
    };
    std::vector<Entry> entries_;
    StepFunction at_end_;
};

}  // namespace rbees::bdd
