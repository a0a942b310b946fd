#include "trigger_search.hpp"

#include <algorithm>
#include <boost/regex.hpp>
#include <utility>

namespace rbees::engine {
namespace {

/// How llama.cpp writes what must be the whole text.
std::string anchored(const std::string& pattern) {
    if (pattern.empty()) return "^$";
    return (pattern.front() == '^' ? "" : "^") + pattern + (pattern.back() == '$' ? "" : "$");
}

boost::regex regex_of(const common_grammar_trigger& trigger) {
    switch (trigger.type) {
        case COMMON_GRAMMAR_TRIGGER_TYPE_WORD:
            return boost::regex(trigger.value, boost::regex::literal);
        case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
            return boost::regex(anchored(trigger.value));
        default:
            return boost::regex(trigger.value);
    }
}

/// A character that there is not.
constexpr std::string_view never = R"([^\s\S])";

/// The pattern with `never` for each "^" that stands for the beginning of the text.
std::string without_beginning(std::string_view pattern) {
    std::string inside;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        const bool is_escape = c == '\\' && i + 1 < pattern.size();
        if (c == '^' && !in_class) {
            inside += never;
            continue;
        }
        if (c == '[' && !in_class && i + 1 < pattern.size() && pattern[i + 1] == '^') inside += pattern[i++];
        if (c == '[') in_class = true;
        if (c == ']') in_class = false;
        inside += pattern[i];
        if (is_escape) inside += pattern[++i];
    }
    return inside;
}

}  // namespace

struct TriggerSearch::Pattern {
    boost::regex regex;
    std::size_t from = 0;  ///< nothing before it belongs to a trigger

    std::optional<std::size_t> find(const std::string& text) {
        auto flags = boost::match_default | boost::match_single_line | boost::match_not_dot_newline;
        if (from > 0) flags |= boost::match_not_bol;
        const auto begin = text.begin() + static_cast<std::ptrdiff_t>(from);
        boost::smatch match;
        if (boost::regex_search(begin, text.end(), match, regex, flags)) return start_of(match, text);
        const bool is_open = boost::regex_search(begin, text.end(), match, regex, flags | boost::match_partial);
        from = is_open ? place(match[0], text) : text.size();
        return std::nullopt;
    }

    static std::size_t place(const boost::ssub_match& part, const std::string& text) {
        return static_cast<std::size_t>(part.first - text.begin());
    }

    /// The first group that holds anything, else the whole match.
    static std::size_t start_of(const boost::smatch& match, const std::string& text) {
        for (std::size_t i = 1; i < match.size(); ++i) {
            if (match[static_cast<int>(i)].length() > 0) return place(match[static_cast<int>(i)], text);
        }
        return place(match[0], text);
    }
};

TriggerSearch::TriggerSearch(const std::vector<common_grammar_trigger>& triggers) {
    for (const auto& trigger : triggers) {
        if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN) {
            tokens_.push_back(trigger.token);
        } else {
            patterns_.push_back({.regex = regex_of(trigger)});
        }
    }
}

TriggerSearch::TriggerSearch(TriggerSearch&&) noexcept = default;
TriggerSearch& TriggerSearch::operator=(TriggerSearch&&) noexcept = default;
TriggerSearch::~TriggerSearch() = default;

bool TriggerSearch::is_token(llama_token token) const {
    return std::ranges::find(tokens_, token) != tokens_.end();
}

std::optional<std::size_t> TriggerSearch::take(std::string_view text) {
    text_ += text;
    for (auto& pattern : patterns_) {
        if (const auto start = pattern.find(text_)) return start;
    }
    return std::nullopt;
}

std::size_t TriggerSearch::open() const {
    std::size_t open = 0;
    for (const auto& pattern : patterns_)
        open = std::max(open, text_.size() - pattern.from);
    return open;
}

std::vector<common_grammar_trigger> triggers_inside(std::vector<common_grammar_trigger> triggers) {
    for (auto& trigger : triggers) {
        if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN) trigger.value = without_beginning(trigger.value);
        if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL)
            trigger = {.type = COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN, .value = std::string(never)};
    }
    return triggers;
}

bool TriggerWatch::is_open(llama_token token, std::string_view text) {
    if (!search_) return false;
    if (search_->is_token(token) || search_->take(text)) {
        search_.reset();
        return false;
    }
    return search_->open() > 0 && search_->open() <= open_bytes_max;
}

}  // namespace rbees::engine
