#include "rbees/base/shell.hpp"

#include <algorithm>

namespace rbees {
namespace {

/// Without meaning to a shell wherever it stands; the set of Python's shlex, less the '=' that zsh expands.
bool is_plain(char c) {
    constexpr std::string_view signs = "@%+:,./-_";
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || signs.contains(c);
}

}  // namespace

std::string shell_word(std::string_view text) {
    // "=": in the middle of a word only, as in `hf:org/repo::file=model.gguf`.
    const auto is_plain_inside = [](char c) { return is_plain(c) || c == '='; };
    if (!text.empty() && is_plain(text.front()) && std::ranges::all_of(text, is_plain_inside)) return std::string(text);
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'') {
            word += R"('\'')";
        } else {
            word += c;
        }
    }
    return word + "'";
}

}  // namespace rbees
