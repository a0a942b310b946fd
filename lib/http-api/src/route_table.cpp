#include "route_table.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "rbees/net/message.hpp"

namespace rbees::http_api {
namespace {

/// Longer paths match nothing, so a hostile one costs nothing.
constexpr std::size_t segments_max = 16;

using Segments = std::vector<std::string_view>;

bool is_parameter(std::string_view segment) {
    return segment.starts_with('{') && segment.ends_with('}');
}

std::string_view name_of(std::string_view segment) {
    return segment.substr(1, segment.size() - 2);
}

/// "/a/b" -> a, b; "/" -> one empty segment; nothing if it does not start with a slash or is too long.
std::optional<Segments> split(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    Segments segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        segments.push_back(path.substr(0, end));
        if (segments.size() > segments_max) return std::nullopt;
        path.remove_prefix(end);
    }
    return segments;
}

/// The decoded parameters if the template fits.
std::optional<std::vector<std::pair<std::string_view, std::string>>> fit(const Segments& pattern,
                                                                         const Segments& segments) {
    if (pattern.size() != segments.size()) return std::nullopt;
    std::vector<std::pair<std::string_view, std::string>> parameters;
    for (std::size_t index = 0; index < pattern.size(); ++index) {
        auto decoded = net::percent_decode(segments[index]);
        if (!decoded) return std::nullopt;
        if (is_parameter(pattern[index])) {
            if (decoded->empty()) return std::nullopt;
            parameters.emplace_back(name_of(pattern[index]), std::move(*decoded));
        } else if (*decoded != pattern[index]) {
            return std::nullopt;
        }
    }
    return parameters;
}

}  // namespace

RouteTable::RouteTable(std::span<const contracts::Route> routes) {
    const auto literal_first = [](const Segments& a, const Segments& b) {
        return std::ranges::lexicographical_compare(a, b, {}, is_parameter, is_parameter);
    };
    for (const auto& route : routes) {
        Entry entry{&route, split(route.path).value_or(Segments{})};
        const auto place = std::ranges::upper_bound(entries_, entry.segments, literal_first, &Entry::segments);
        entries_.insert(place, std::move(entry));
    }
}

RouteMatch RouteTable::find(std::string_view method, std::string_view target) const {
    const auto segments = split(target.substr(0, target.find('?')));
    if (!segments) return NoRoute{};
    // HEAD is GET without the body (RFC 9110 section 9.3.2), which the server leaves out.
    const auto served_as = method == "HEAD" ? "GET" : method;
    WrongMethod wrong;
    for (const auto& entry : entries_) {
        auto parameters = fit(entry.segments, *segments);
        if (!parameters) continue;
        if (entry.route->method == served_as) return FoundRoute{entry.route, std::move(*parameters)};
        if (!wrong.allow.empty()) wrong.allow += ", ";
        wrong.allow += entry.route->method == "GET" ? "GET, HEAD" : entry.route->method;
        wrong.other = entry.route;
    }
    if (wrong.other != nullptr) return wrong;
    return NoRoute{};
}

}  // namespace rbees::http_api
