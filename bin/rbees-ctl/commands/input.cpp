#include "commands/input.hpp"

#include <fmt/format.h>

#include <istream>
#include <iterator>
#include <utility>

#include "rbees/base/files.hpp"
#include "rbees/base/utf8.hpp"

namespace rbees::ctl {
namespace {

constexpr std::size_t input_bytes_max = std::size_t{16} << 20;

/// All of stdin, and one byte beyond the limit at most.
std::string read_stdin(Session& session) {
    std::string text;
    std::istreambuf_iterator<char> bytes(*session.surroundings().input);
    for (; bytes != std::istreambuf_iterator<char>() && text.size() <= input_bytes_max; ++bytes) {
        text += *bytes;
    }
    return text;
}

}  // namespace

Checked<std::string> read_prompt(Session& session, std::string written, std::string_view example) {
    if (written == "-") written = read_stdin(session);
    if (written.size() > input_bytes_max) return usage_error("the prompt is larger than 16 MiB");
    if (!is_valid_utf8(written)) return usage_error("the prompt is not UTF-8 text", "convert it: iconv -t UTF-8");
    if (written.find_first_not_of(" \t\r\n") == std::string::npos) {
        return usage_error("the prompt is empty", fmt::format("for example: {}", example));
    }
    return written;
}

Checked<reflect::json::object> read_json_file(Session& session, std::string_view flag, const std::string& path) {
    std::string text;
    if (path == "-") {
        text = read_stdin(session);
    } else {
        auto read = read_file(path, Bytes(input_bytes_max));
        if (!read) return usage_error(fmt::format("{} {}: {}", flag, path, read.error().message), read.error().remedy);
        text = std::move(*read);
    }
    auto value = reflect::parse_json(text);
    if (!value) {
        const auto& error = value.error();
        return usage_error(
            fmt::format("{} {}: it is not JSON: {} at byte {}", flag, path, error.message, error.offset));
    }
    if (!value->is_object()) return usage_error(fmt::format("{} {}: it must hold a JSON object", flag, path));
    return std::move(value->get_object());
}

}  // namespace rbees::ctl
