#include <cstdlib>

#include "cli/command.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::ctl {

// The parser let only well-formed values in: a value that cannot be read here is a hole in it.

std::optional<std::string> Arguments::text(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    return found->second;
}

std::string Arguments::required(std::string_view name) const {
    const auto found = values_.find(name);
    RBEES_ASSERT(found != values_.end());
    return found->second;
}

std::optional<std::int64_t> Arguments::whole_number(std::string_view name) const {
    const auto written = text(name);
    if (!written) return std::nullopt;
    const auto value = parse_whole<std::int64_t>(*written);
    RBEES_ASSERT(value.has_value());
    return value;
}

std::optional<double> Arguments::number(std::string_view name) const {
    const auto written = text(name);
    if (!written) return std::nullopt;
    const auto value = parse_real(*written);
    RBEES_ASSERT(value.has_value());
    return value;
}

std::optional<Duration> Arguments::duration(std::string_view name) const {
    const auto written = text(name);
    if (!written) return std::nullopt;
    const auto value = parse_duration(*written);
    RBEES_ASSERT(value.has_value());
    return *value;
}

}  // namespace rbees::ctl
