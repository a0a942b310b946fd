#include "lines.hpp"

#include <array>
#include <utility>

namespace rbees::bdd {
namespace {

constexpr std::string_view white_space = " \t\r\n\f\v";

struct Heading {
    std::string_view word;
    LineKind kind;
};

constexpr auto headings = std::to_array<Heading>({
    {"Feature:", LineKind::feature},
    {"Rule:", LineKind::rule},
    {"Background:", LineKind::background},
    {"Scenario Outline:", LineKind::outline},
    {"Scenario Template:", LineKind::outline},
    {"Scenario:", LineKind::scenario},
    {"Example:", LineKind::scenario},
    {"Examples:", LineKind::examples},
    {"Scenarios:", LineKind::examples},
});

constexpr auto step_words = std::to_array<std::string_view>({"Given ", "When ", "Then ", "And ", "But ", "* "});
constexpr auto quotes = std::to_array<std::string_view>({"\"\"\"", "```"});

Line with(Line line, LineKind kind, std::string_view trimmed_line, std::size_t keyword_size) {
    line.kind = kind;
    line.keyword = trimmed(trimmed_line.substr(0, keyword_size));
    line.rest = trimmed(trimmed_line.substr(keyword_size));
    return line;
}

Line classify(std::string_view raw, int number) {
    const Line line{.kind = LineKind::text, .number = number, .raw = raw, .keyword = {}, .rest = trimmed(raw)};
    const std::string_view text = line.rest;
    if (text.empty() || text.front() == '#') return with(line, LineKind::empty, {}, 0);
    if (text.front() == '@') return with(line, LineKind::tags, text, 0);
    if (text.front() == '|') return with(line, LineKind::table_row, text, 0);
    for (const auto mark : quotes) {
        if (text.starts_with(mark)) return with(line, LineKind::quotes, text, mark.size());
    }
    for (const auto& heading : headings) {
        if (text.starts_with(heading.word)) return with(line, heading.kind, text, heading.word.size());
    }
    for (const auto word : step_words) {
        if (text.starts_with(word)) return with(line, LineKind::step, text, word.size());
    }
    return line;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::vector<Line> split_lines(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark is no part of the first keyword
    std::vector<Line> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto raw = text.substr(0, end);
        if (raw.ends_with('\r')) raw.remove_suffix(1);
        lines.push_back(classify(raw, static_cast<int>(lines.size()) + 1));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::optional<std::vector<std::string>> split_tags(std::string_view line) {
    std::vector<std::string> tags;
    auto rest = trimmed(line);
    while (!rest.empty() && rest.front() != '#') {
        const auto word = rest.substr(0, rest.find_first_of(white_space));
        if (word.size() < 2 || word.front() != '@' || word.find('@', 1) != std::string_view::npos) return std::nullopt;
        tags.emplace_back(word);
        rest = trimmed(rest.substr(word.size()));
    }
    return tags;
}

std::optional<Row> split_cells(std::string_view line) {
    const auto text = trimmed(line);
    if (text.size() < 2 || text.front() != '|') return std::nullopt;
    Row cells;
    std::string cell;
    bool closed = true;
    for (std::size_t at = 1; at < text.size(); ++at) {
        closed = text[at] == '|';
        if (closed) {
            cells.emplace_back(trimmed(std::exchange(cell, {})));
        } else if (text[at] == '\\' && at + 1 < text.size()) {
            const char escaped = text[++at];
            if (escaped != '|' && escaped != '\\' && escaped != 'n') cell += '\\';
            cell += escaped == 'n' ? '\n' : escaped;
        } else {
            cell += text[at];
        }
    }
    if (!closed) return std::nullopt;
    return cells;
}

}  // namespace rbees::bdd
