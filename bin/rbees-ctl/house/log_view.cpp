#include "house/log_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <cctype>
#include <fstream>
#include <system_error>

#include "rbees/reflect/json.hpp"

namespace rbees::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t tail_bytes_max = std::uintmax_t{1} << 20;
constexpr std::size_t clock_start = 11;  ///< of "2026-11-21T11:23:38.120Z"
constexpr std::size_t clock_length = 12;

std::string text_of(const boost::json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : reflect::to_text(value);
}

std::string take(boost::json::object& fields, std::string_view name) {
    const auto found = fields.find(name);
    if (found == fields.end()) return {};
    auto text = text_of(found->value());
    fields.stable_erase(found);  // the other fields keep their order
    return text;
}

Tone tone_of(std::string_view level) {
    if (level == "error") return Tone::bad;
    if (level == "warning") return Tone::warning;
    return level == "debug" ? Tone::faint : Tone::plain;
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::toupper(letter); });
    return text;
}

/// The bytes from `offset` on, `tail_bytes_max` at most.
std::string read_from(const fs::path& file, std::uintmax_t offset) {
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    std::string bytes(tail_bytes_max, '\0');
    stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return bytes;
}

/// Takes the whole lines off the front; what has no end yet stays.
std::vector<std::string> take_lines(std::string& bytes) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (auto end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n', start)) {
        lines.push_back(bytes.substr(start, end - start));
        start = end + 1;
    }
    bytes.erase(0, start);
    return lines;
}

}  // namespace

std::string render_log_line(std::string_view line, Colour colour) {
    auto parsed = reflect::parse_json(line);
    if (!parsed || !parsed->is_object()) return std::string(line);
    auto& fields = parsed->get_object();
    const auto time = take(fields, "ts");
    const auto level = take(fields, "lvl");
    const auto module = take(fields, "mod");
    const auto message = take(fields, "msg");
    const auto clock = time.size() > clock_start ? time.substr(clock_start, clock_length) : time;
    auto text = fmt::format("{} {} {}: {}", paint(colour, Tone::faint, clock),
                            paint(colour, tone_of(level), fmt::format("{:7}", upper(level))), module, message);
    for (const auto& [name, value] : fields) {
        text += fmt::format(" {}{}", paint(colour, Tone::faint, fmt::format("{}=", std::string_view(name))),
                            text_of(value));
    }
    return text;
}

Result<std::vector<std::string>> last_lines(const fs::path& file, std::size_t count) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) return fail(fmt::format("cannot read {}: {}", file.native(), error.message()));
    const auto offset = size > tail_bytes_max ? size - tail_bytes_max : 0;
    auto bytes = read_from(file, offset);
    auto lines = take_lines(bytes);
    if (!bytes.empty()) lines.push_back(std::move(bytes));
    if (offset > 0 && !lines.empty()) lines.erase(lines.begin());  // its beginning was not read
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

LogFollower::LogFollower(fs::path file) : file_(std::move(file)) {
    std::error_code error;
    const auto size = fs::file_size(file_, error);
    offset_ = error ? 0 : size;
}

std::vector<std::string> LogFollower::new_lines() {
    std::error_code error;
    const auto size = fs::file_size(file_, error);
    if (error) return {};
    if (size < offset_) {
        offset_ = 0;
        cut_.clear();
    }
    if (size == offset_) return {};
    const auto bytes = read_from(file_, offset_);
    offset_ += bytes.size();
    cut_ += bytes;
    return take_lines(cut_);
}

}  // namespace rbees::ctl
