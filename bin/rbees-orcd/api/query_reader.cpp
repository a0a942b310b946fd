#include "api/query_reader.hpp"

#include <fmt/format.h>

#include "rbees/base/numbers.hpp"

namespace rbees::orcd {

std::optional<std::string> QueryReader::text(std::string_view name) {
    const auto value = request_.query_value(name);
    if (!value) return std::nullopt;
    if (!value->empty()) return std::string(*value);
    fault(name, "must not be empty");
    return std::nullopt;
}

std::optional<std::uint64_t> QueryReader::number(std::string_view name, std::uint64_t low, std::uint64_t high) {
    const auto written = request_.query_value(name);
    if (!written) return std::nullopt;
    const auto number = parse_whole<std::uint64_t>(*written);
    if (number && *number >= low && *number <= high) return *number;
    fault(name, fmt::format("must be a whole number from {} to {}", low, high));
    return std::nullopt;
}

std::optional<WallTime> QueryReader::time(std::string_view name) {
    const auto written = text(name);
    if (!written) return std::nullopt;
    const auto time = parse_rfc3339(*written);
    if (time) return *time;
    fault(name, "must be a time of RFC 3339, as 2026-11-21T11:23:38Z");
    return std::nullopt;
}

void QueryReader::fault(std::string_view name, std::string what) {
    errors_.push_back({fmt::format("?{}", name), std::move(what)});
}

}  // namespace rbees::orcd
