#include "house/log_view.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <iterator>

#include "rbees/base/ascii.hpp"
#include "rbees/daemon/log_file.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes_max = std::size_t{1} << 20;
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

/// The bytes from `offset` on, `piece_bytes_max` at most.
std::string read_from(int file, std::uintmax_t offset) {
    std::string bytes(piece_bytes_max, '\0');
    const auto size = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return bytes;
}

std::optional<struct stat> look_at(const fs::path& file) {
    struct stat seen{};
    if (::stat(file.c_str(), &seen) != 0) return std::nullopt;
    return seen;
}

bool is_same_file(const std::optional<struct stat>& a, const struct stat& b) {
    return a && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
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

struct Tail {
    std::vector<std::string> lines;
    bool is_whole = true;  ///< nothing stands before them in the file
};

Result<Tail> read_tail(const fs::path& file) {
    struct stat seen{};
    const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid() || ::fstat(opened.get(), &seen) != 0) {
        return fail_with_errno(fmt::format("cannot read {}", file.native()));
    }
    const auto size = static_cast<std::uintmax_t>(seen.st_size);
    const auto offset = size > piece_bytes_max ? size - piece_bytes_max : 0;
    auto bytes = read_from(opened.get(), offset);
    Tail tail{.lines = take_lines(bytes), .is_whole = offset == 0};
    if (!bytes.empty()) tail.lines.push_back(std::move(bytes));
    if (!tail.is_whole && !tail.lines.empty()) tail.lines.erase(tail.lines.begin());  // its beginning was not read
    return tail;
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
                            paint(colour, tone_of(level), fmt::format("{:7}", to_upper(level))), module, message);
    for (const auto& [name, value] : fields) {
        text += fmt::format(" {}{}", paint(colour, Tone::faint, fmt::format("{}=", std::string_view(name))),
                            text_of(value));
    }
    return text;
}

Result<std::vector<std::string>> last_lines(const fs::path& log, std::size_t count) {
    auto tail = read_tail(log);
    if (!tail) return std::unexpected(tail.error());
    for (std::uint32_t age = 1; tail->is_whole && tail->lines.size() < count; ++age) {
        auto older = read_tail(daemon::older_log(log, age));
        if (!older) break;
        std::ranges::move(tail->lines, std::back_inserter(older->lines));
        tail = std::move(older);
    }
    auto& lines = tail->lines;
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return std::move(lines);
}

LogFollower::LogFollower(fs::path log) : log_(std::move(log)) {
    open(log_, From::end);
}

std::vector<std::string> LogFollower::new_lines() {
    rewind_if_emptied();
    for (std::size_t taken = 0; taken < piece_bytes_max;) {
        const auto bytes = read_from(file_.get(), offset_);
        offset_ += bytes.size();
        taken += bytes.size();
        cut_ += bytes;
        if (!bytes.empty()) continue;
        const auto next = next_file();
        if (!next || !open(*next, From::beginning)) break;
    }
    return take_lines(cut_);
}

void LogFollower::rewind_if_emptied() {
    struct stat seen{};
    if (::fstat(file_.get(), &seen) != 0 || static_cast<std::uintmax_t>(seen.st_size) >= offset_) return;
    offset_ = 0;
    cut_.clear();
}

bool LogFollower::open(const fs::path& file, From from) {
    struct stat seen{};
    UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid() || ::fstat(opened.get(), &seen) != 0) return false;
    file_ = std::move(opened);
    offset_ = from == From::end ? static_cast<std::uintmax_t>(seen.st_size) : 0;
    return true;
}

std::optional<fs::path> LogFollower::next_file() const {
    const auto newest = look_at(log_);
    struct stat own{};
    if (::fstat(file_.get(), &own) != 0) return newest ? std::optional(log_) : std::nullopt;
    if (!newest || is_same_file(newest, own)) return std::nullopt;
    auto next = log_;
    for (std::uint32_t age = 1;; ++age) {
        const auto older = daemon::older_log(log_, age);
        const auto seen = look_at(older);
        // A file that is not among them was deleted as the oldest: then all that there are came after it.
        if (!seen || is_same_file(seen, own)) return next;
        next = older;
    }
}

}  // namespace rbees::ctl
