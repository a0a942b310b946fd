#pragma once
/// @file
/// JSON at the border: bytes to a value and back, with the limits that hostile input needs.
///
/// Two readers of one document must never disagree about it, so what is ambiguous is refused here, once: invalid UTF-8,
/// lone surrogates, doubled member names, bytes after the end; and what would cost too much: nesting over 64, an object
/// of more than a million members.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace rbees::reflect {

namespace json = boost::json;

/// Arrays and objects inside one another, at most; deeper input is refused before it can exhaust a stack.
inline constexpr std::size_t json_depth_max = 64;

/// Members of one object, at most.
inline constexpr std::size_t json_members_max = 1'000'000;

struct ParseError {
    std::string message;     ///< "nesting deeper than 64", "member "model" stands twice", ...
    std::size_t offset = 0;  ///< bytes from the start
    std::string limit{};     ///< the name of the bound that was hit; empty if it is a fault of another kind

    bool operator==(const ParseError&) const = default;
};

/// Reads one JSON document (RFC 8259). Integers beyond 64 bits become doubles; member order is kept.
[[nodiscard]] std::expected<json::value, ParseError> parse_json(std::string_view bytes);

/// Compact JSON. It is UTF-8 whatever the strings hold: a file's name or a log may have other bytes, shown as U+FFFD.
[[nodiscard]] std::string to_text(const json::value& value);

/// JSON for people: two spaces, one member a line.
[[nodiscard]] std::string to_pretty_text(const json::value& value);

/// Canonical form (after RFC 8785): member names sorted, no white space, a whole number without fraction and exponent
/// as far as doubles are exact (2^53); for comparing and hashing bodies.
[[nodiscard]] std::string to_canonical_text(const json::value& value);

}  // namespace rbees::reflect
