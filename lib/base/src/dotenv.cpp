#include <fmt/format.h>

#include <optional>

#include "config_sources.hpp"
#include "rbees/base/files.hpp"

namespace rbees {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_rest_empty(std::string_view rest) {
    const auto text = trimmed(rest);
    return text.empty() || text.front() == '#';
}

char unescaped(char c) {
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

/// The text between quotes. Inside double quotes a backslash escapes; nothing is replaced inside single ones.
std::optional<std::string> quoted_value(std::string_view text) {
    const char quote = text.front();
    std::string value;
    for (std::size_t at = 1; at < text.size(); ++at) {
        const bool is_escape = text[at] == '\\' && quote == '"' && at + 1 < text.size();
        if (is_escape) {
            value += unescaped(text[++at]);
        } else if (text[at] == quote) {
            return is_rest_empty(text.substr(at + 1)) ? std::optional(value) : std::nullopt;
        } else {
            value += text[at];
        }
    }
    return std::nullopt;
}

/// A bare value ends where a comment starts: at a `#` after a blank, so that `a#b` stays whole.
std::string bare_value(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_comment = text[at] == '#' && (at == 0 || blanks.find(text[at - 1]) != std::string_view::npos);
        if (is_comment) return std::string(trimmed(text.substr(0, at)));
    }
    return std::string(text);
}

std::optional<std::string> value_in(std::string_view text) {
    const bool is_quoted = !text.empty() && (text.front() == '"' || text.front() == '\'');
    return is_quoted ? quoted_value(text) : bare_value(text);
}

std::string_view without_export(std::string_view line) {
    constexpr std::string_view word = "export ";
    return line.starts_with(word) ? trimmed(line.substr(word.size())) : line;
}

/// Nothing for a line that is not ours.
Result<std::optional<ConfigEntry>> read_line(std::string_view line, ConfigEntry entry) {
    const auto ours = without_export(trimmed(line));
    if (!ours.starts_with("RBEES_")) return std::nullopt;
    const auto equals = ours.find('=');
    if (equals == std::string_view::npos) {
        return fail(fmt::format("{}: no '=' after {}", place_of(entry), ours), "write KEY=VALUE");
    }
    entry.name = trimmed(ours.substr(0, equals));
    auto value = value_in(trimmed(ours.substr(equals + 1)));
    if (!value) {
        return fail(
            fmt::format("{}: the quotes of {} do not close at the end of the line", place_of(entry), entry.name),
            "write KEY=\"VALUE\"");
    }
    entry.text = std::move(*value);
    return entry;
}

}  // namespace

Result<std::vector<ConfigEntry>> read_dotenv(const std::filesystem::path& path) {
    const auto content = read_file(path);
    if (!content) return std::unexpected(content.error());
    return parse_dotenv(*content, path.native());
}

Result<std::vector<ConfigEntry>> parse_dotenv(std::string_view content, const std::string& origin) {
    std::vector<ConfigEntry> entries;
    std::string_view rest = content;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        auto entry = read_line(line, {.name = {}, .text = {}, .origin = origin, .line = number});
        if (!entry) return std::unexpected(entry.error());
        if (*entry) entries.push_back(std::move(**entry));
    }
    return entries;
}

}  // namespace rbees
