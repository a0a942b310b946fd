#include "pattern.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace rbees::bdd {
namespace {

bool is_digit(char character) {
    return std::isdigit(static_cast<unsigned char>(character)) != 0;
}

/// What a gap takes from the front of a text; nothing if it does not fit.
struct Taken {
    std::string value;
    std::size_t size = 0;
};

std::optional<Taken> take_string(std::string_view text) {
    if (!text.starts_with('"')) return std::nullopt;
    std::string value;
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '"') return Taken{std::move(value), at + 1};
        if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\')) ++at;
        value += text[at];
    }
    return std::nullopt;
}

std::optional<Taken> take_int(std::string_view text) {
    std::size_t size = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    const auto digits = size;
    while (size < text.size() && is_digit(text[size]))
        ++size;
    if (size == digits) return std::nullopt;
    return Taken{std::string(text.substr(0, size)), size};
}

std::optional<Taken> take_word(std::string_view text) {
    const auto size = std::min(text.find(' '), text.size());
    if (size == 0) return std::nullopt;
    return Taken{std::string(text.substr(0, size)), size};
}

struct Gap {
    std::string_view name;
    std::optional<Taken> (*take)(std::string_view text);
};

constexpr auto gaps = std::to_array<Gap>({{"{string}", take_string}, {"{int}", take_int}, {"{word}", take_word}});

const Gap* gap_at(std::string_view pattern) {
    const auto found = std::ranges::find_if(gaps, [&](const Gap& gap) { return pattern.starts_with(gap.name); });
    return found == gaps.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::vector<std::string>> Pattern::match(std::string_view step) const {
    std::vector<std::string> values;
    std::string_view pattern = text_;
    while (!pattern.empty()) {
        if (const Gap* gap = gap_at(pattern)) {
            auto taken = gap->take(step);
            if (!taken) return std::nullopt;
            values.push_back(std::move(taken->value));
            step.remove_prefix(taken->size);
            pattern.remove_prefix(gap->name.size());
        } else {
            if (step.empty() || step.front() != pattern.front()) return std::nullopt;
            step.remove_prefix(1);
            pattern.remove_prefix(1);
        }
    }
    if (!step.empty()) return std::nullopt;
    return values;
}

std::string Pattern::suggest(std::string_view step) {
    std::string pattern;
    bool after_word = false;
    while (!step.empty()) {
        const auto text = take_string(step);
        const auto number = after_word || !is_digit(step.front()) ? std::nullopt : take_int(step);
        if (text || number) {
            pattern += text ? "{string}" : "{int}";
            step.remove_prefix(text ? text->size : number->size);
            after_word = true;
            continue;
        }
        after_word = std::isalnum(static_cast<unsigned char>(step.front())) != 0;
        pattern += step.front();
        step.remove_prefix(1);
    }
    return pattern;
}

}  // namespace rbees::bdd
