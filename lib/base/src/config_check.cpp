#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config_sources.hpp"
#include "rbees/base/ascii.hpp"
#include "rbees/base/assert.hpp"

namespace rbees {
namespace {

/// The two ends of "1..64"; an end that is left out is open.
std::pair<std::string_view, std::string_view> ends_of(std::string_view range) {
    const auto dots = range.find("..");
    RBEES_ASSERT(dots != std::string_view::npos);
    return {range.substr(0, dots), range.substr(dots + 2)};
}

template <class Value, class Parse>
bool is_within(const Value& value, std::string_view range, Parse parse) {
    if (range.empty()) return true;
    const auto [low, high] = ends_of(range);
    if (!low.empty() && value < parse(low).value()) return false;
    return high.empty() || value <= parse(high).value();
}

/// What is wrong with a value; nothing if it is good.
template <class Parse>
std::optional<std::string> wrong_with_quantity(const Option& option, std::string_view text, Parse parse) {
    const auto value = parse(text);
    if (!value) return describe(value.error());
    if (is_within(*value, option.range, parse)) return std::nullopt;
    return fmt::format("'{}' is outside {}", text, option.range);
}

std::vector<std::string_view> choices_of(std::string_view range) {
    std::vector<std::string_view> choices;
    while (true) {
        const auto bar = range.find('|');
        choices.push_back(range.substr(0, bar));
        if (bar == std::string_view::npos) return choices;
        range.remove_prefix(bar + 1);
    }
}

std::optional<std::string> wrong_with_choice(const Option& option, std::string_view text) {
    const auto choices = choices_of(option.range);
    if (std::ranges::find(choices, text) != choices.end()) return std::nullopt;
    return fmt::format("'{}' is not one of {}", text, fmt::join(choices, ", "));
}

std::optional<std::string> wrong_with(const Option& option, std::string_view text) {
    switch (option.kind) {
        case OptionKind::text:
            return std::nullopt;
        case OptionKind::integer:
            return wrong_with_quantity(option, text, parse_integer);
        case OptionKind::duration:
            return wrong_with_quantity(option, text, parse_duration);
        case OptionKind::bytes:
            return wrong_with_quantity(option, text, parse_bytes);
        case OptionKind::choice:
            return wrong_with_choice(option, text);
        case OptionKind::flag: {
            const auto truth = parse_flag(text);
            return truth ? std::nullopt : std::optional(describe(truth.error()));
        }
    }
    return std::nullopt;
}

}  // namespace

std::string place_of(const ConfigEntry& entry) {
    if (entry.line == 0) return entry.origin;
    return fmt::format("{} line {}", entry.origin, entry.line);
}

std::string variable_of(std::string_view option) {
    std::string name = "RBEES_";
    for (const char c : option) {
        const bool is_joint = c == '.' || c == '-';
        name += is_joint ? '_' : to_upper(c);
    }
    return name;
}

Result<bool> parse_flag(std::string_view text) {
    if (text == "true" || text == "on" || text == "1") return true;
    if (text == "false" || text == "off" || text == "0") return false;
    return fail(fmt::format("'{}' is neither on nor off", text), "use true or false");
}

Result<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return fail(fmt::format("'{}' is too large", text));
    if (error != std::errc{} || end != text.data() + text.size()) {
        return fail(fmt::format("'{}' is not a whole number", text));
    }
    return value;
}

Result<void> check_value(const Option& option, const ConfigEntry& entry) {
    const auto wrong = wrong_with(option, entry.text);
    if (!wrong) return {};
    return fail(fmt::format("{}: {} cannot be set: {}", place_of(entry), option.name, *wrong));
}

}  // namespace rbees
