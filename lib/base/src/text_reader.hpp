#pragma once
/// @file
/// Reading a short text from its start, piece by piece; what the parsers of times, durations and sizes share.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rbees/base/numbers.hpp"

namespace rbees {

/// A view that gets shorter as pieces are taken from its front. Borrows the text.
class TextReader {
  public:
    explicit TextReader(std::string_view text) : rest_(text) {}

    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// Takes one character if it is one of `characters`, and returns it.
    std::optional<char> take_any(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return std::nullopt;
        const char taken = rest_.front();
        rest_.remove_prefix(1);
        return taken;
    }

    /// Takes the digits at the front; may be empty.
    std::string_view take_digits() {
        auto end = rest_.find_first_not_of("0123456789");
        if (end == std::string_view::npos) end = rest_.size();
        const auto digits = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return digits;
    }

    /// Takes exactly `count` digits as a number.
    std::optional<int> take_number(std::size_t count) {
        const auto digits = TextReader(rest_.substr(0, count)).take_digits();
        if (digits.size() != count) return std::nullopt;
        rest_.remove_prefix(count);
        return parse_whole<int>(digits);
    }

    /// Takes all digits at the front as a number; nothing if there are none or the number does not fit.
    std::optional<std::uint64_t> take_unsigned() { return parse_whole<std::uint64_t>(take_digits()); }

  private:
    std::string_view rest_;
};

}  // namespace rbees
