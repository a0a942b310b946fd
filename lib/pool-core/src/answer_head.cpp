#include "rbees/pool_core/answer_head.hpp"

#include <algorithm>

#include "rbees/base/ascii.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::pool {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// "HTTP/1.1 206 Partial Content" -> 206
int status_of(std::string_view line) {
    if (!line.starts_with("HTTP/")) return 0;
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return 0;
    return parse_whole<std::uint16_t>(line.substr(space + 1, 3)).value_or(0);
}

void take_field(std::string_view line, AnswerHead& head) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (equal_without_case(name, "content-range")) {
        head.total = parse_whole<std::uint64_t>(value.substr(value.rfind('/') + 1));
    } else if (equal_without_case(name, "content-length") && head.status == 200) {
        head.total = parse_whole<std::uint64_t>(value);
    } else if (equal_without_case(name, "etag") && !value.starts_with("W/")) {
        head.validator = std::string(value);
    }
}

AnswerHead read_head(std::string_view text) {
    const auto line_end = std::min(text.find('\n'), text.size());
    AnswerHead head{.status = status_of(text.substr(0, line_end))};
    text.remove_prefix(std::min(line_end + 1, text.size()));
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        take_field(text.substr(0, end), head);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return head;
}

/// Where the head that starts here ends, its empty line included.
std::optional<std::size_t> head_size(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    return end + 4;
}

bool is_followed_by_another(int status, std::string_view head) {
    return status < 200 || (status >= 300 && status < 400 && status != 304) ||
           head.substr(0, head.find('\n')).contains("onnection established");
}

}  // namespace

std::optional<FoundHead> find_final_head(std::string_view bytes) {
    std::size_t position = 0;
    while (true) {
        const auto size = head_size(bytes.substr(position));
        if (!size) return std::nullopt;
        const auto text = bytes.substr(position, *size);
        position += *size;
        const auto head = read_head(text);
        if (head.status == 0) return FoundHead{head, position};
        if (!is_followed_by_another(head.status, text)) return FoundHead{head, position};
    }
}

}  // namespace rbees::pool
