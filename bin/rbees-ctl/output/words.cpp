#include "output/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""s;

/// The leading step of a span: "3 min", not "3 min 12 s"; nobody needs the seconds of a day.
std::string rough(Duration span) {
    const auto words = describe(std::chrono::duration_cast<Duration>(std::chrono::floor<std::chrono::seconds>(span)));
    const auto unit = words.find(' ');
    return words.substr(0, words.find(' ', unit + 1));
}

}  // namespace

std::string time_in_words(WallTime time, WallTime now, Terminal reader) {
    if (reader == Terminal::no) return to_rfc3339(time);
    const Duration since = now - time;
    if (since > -1s && since < 1s) return "just now";
    return since > Duration(0) ? rough(since) + " ago" : "in " + rough(-since);
}

std::string count_of(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string percent(double share) {
    return fmt::format("{} %", static_cast<int>(std::clamp(share, 0.0, 1.0) * 100));
}

}  // namespace rbees::ctl
