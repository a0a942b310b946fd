#include "rbees/base/numbers.hpp"

#include <cmath>

namespace rbees {

std::optional<double> parse_real(std::string_view text) {
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
    return number;
}

}  // namespace rbees
