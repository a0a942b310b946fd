#include "names.hpp"

#include <algorithm>

#include "rbees/base/ascii.hpp"

namespace rbees::pool {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
    return !text.empty() && text != "." && text != ".." &&
           std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_repository_path(std::string_view path) {
    while (true) {
        const auto slash = path.find('/');
        if (!is_name(path.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

bool is_gguf_path(std::string_view path) {
    return is_repository_path(path) && to_lower(path).ends_with(".gguf");
}

}  // namespace rbees::pool
