#include "steps.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rbees::bdd {

void StepTable::add(std::string pattern, StepFunction function) {
    entries_.push_back({Pattern(std::move(pattern)), std::move(function)});
}

std::expected<std::function<Outcome()>, std::string> StepTable::find(const Step& step) const {
    const Entry* found = nullptr;
    StepInput input;
    for (const auto& entry : entries_) {
        auto values = entry.pattern.match(step.text);
        if (!values) continue;
        if (found != nullptr) {
            return std::unexpected(
                fmt::format("two steps fit: \"{}\" and \"{}\"", found->pattern.text(), entry.pattern.text()));
        }
        found = &entry;
        input.values = std::move(*values);
    }
    if (found == nullptr) {
        return std::unexpected(
            fmt::format("undefined step; `bdd-runner --list-steps` shows the words there are, a new one begins with\n"
                        "steps.add(\"{}\", [world](const StepInput& input) -> Outcome {{ ... }});",
                        Pattern::suggest(step.text)));
    }
    if (step.table) input.table = *step.table;
    if (step.doc_string) input.text = step.doc_string->content;
    return [function = found->function, input = std::move(input)] { return function(input); };
}

std::vector<std::string> StepTable::patterns() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_)
        all.push_back(entry.pattern.text());
    std::ranges::sort(all);
    return all;
}

}  // namespace rbees::bdd
