#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "config_sources.hpp"
#include "rbees/base/files.hpp"

namespace rbees {
namespace {

std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    return std::nullopt;
}

/// Each level of tables takes a dot or a bracket, so that this bounds how deep they nest: toml++ bounds values in
/// values only, and takes its tables down by recursion, as they are walked here.
constexpr std::ptrdiff_t nesting_marks_max = 4096;

bool is_nesting_mark(char c) {
    return c == '.' || c == '[' || c == '{';
}

Result<void> collect(const toml::table& table, const std::string& prefix, const std::string& origin,
                     std::vector<ConfigEntry>& entries) {
    for (const auto& [key, node] : table) {
        auto name = prefix + std::string(key.str());
        if (const auto* inner = node.as_table()) {
            if (auto collected = collect(*inner, name + ".", origin, entries); !collected) return collected;
            continue;
        }
        ConfigEntry entry{std::move(name), {}, origin, key.source().begin.line};
        auto text = text_of(node);
        if (!text) {
            return fail(
                fmt::format("{}: {} is neither text nor a number nor true or false", place_of(entry), entry.name),
                "write one value, in quotes where it is not a number");
        }
        entry.text = std::move(*text);
        entries.push_back(std::move(entry));
    }
    return {};
}

/// Debian's toml++ is built to throw; its exceptions end here.
Result<toml::table> parse(std::string_view content, const std::string& path) {
    try {
        return toml::parse(content, path);
    } catch (const toml::parse_error& error) {
        return fail(fmt::format("{} line {}: {}", path, error.source().begin.line, error.description()),
                    "TOML is written `name = \"value\"`, with [tables] for groups");
    }
}

}  // namespace

Result<std::vector<ConfigEntry>> read_toml(const std::filesystem::path& path) {
    const auto content = read_file(path);
    if (!content) return std::unexpected(content.error());
    return parse_toml(*content, path.native());
}

Result<std::vector<ConfigEntry>> parse_toml(std::string_view content, const std::string& origin) {
    if (std::ranges::count_if(content, is_nesting_mark) > nesting_marks_max) {
        return fail(fmt::format("{} has more than {} dots and brackets", origin, nesting_marks_max),
                    "write one value for each option, and no tables in tables");
    }
    const auto table = parse(content, origin);
    if (!table) return std::unexpected(table.error());
    std::vector<ConfigEntry> entries;
    if (auto collected = collect(*table, "", origin, entries); !collected) {
        return std::unexpected(collected.error());
    }
    return entries;
}

}  // namespace rbees
