#pragma once
/// @file
/// What a reader of JSON carries with it: where it stands, what it found wrong, and how much it takes. The bounds are
/// there because a few bytes of a hostile document may become many of ours.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "rbees/reflect/describe.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::reflect {

/// Faults that are reported of one document; at the last one the reading stops, and says so.
inline constexpr std::size_t faults_max = 100;

/// Elements of all arrays and maps of one document, together. A value may take many times the bytes of its text.
inline constexpr std::size_t elements_max = 2'000'000;

/// One fault of a document.
struct FieldError {
    std::string pointer;  ///< "/workers/0/url"; empty for the document itself
    std::string detail;   ///< "is required", "must be a string", ...
    std::string limit{};  ///< the name of the bound that was hit, if it was one; told once, by the whole answer

    bool operator==(const FieldError&) const = default;
};
BOOST_DESCRIBE_STRUCT(FieldError, (), (pointer, detail))

using FieldErrors = std::vector<FieldError>;

/// "/model: is required; /max_tokens: must be a whole number".
[[nodiscard]] std::string describe(const FieldErrors& errors);

/// What a reader takes, besides the bounds above.
struct ReadLimits {
    std::size_t text = std::numeric_limits<std::size_t>::max();  ///< bytes of one string
    std::string_view text_name{};                                ///< the name of that bound; static
};

namespace detail {

/// Where the reader stands, and what it found wrong so far.
struct Reading {
    std::string pointer;
    FieldErrors errors;
    ReadLimits limits;
    std::size_t elements = 0;
    bool is_over = false;  ///< nothing more is read: enough is wrong

    /// `limit` is the name of the bound that was hit, if it was one.
    void fault(std::string detail, std::string_view limit = {});

    /// One element more. False if there are too many, or nothing more is read.
    [[nodiscard]] bool next_element();
};

/// `/` and `~` of a member's name, escaped for a JSON pointer.
[[nodiscard]] std::string escape_pointer(std::string_view name);

/// Reads a whole number within the bounds, or notes the fault.
void read_integer(const json::value& value, std::int64_t& out, std::int64_t low, std::int64_t high, Reading& reading);
void read_unsigned(const json::value& value, std::uint64_t& out, std::uint64_t high, Reading& reading);
void read_double(const json::value& value, double& out, Reading& reading);
void read_string(const json::value& value, std::string& out, Reading& reading);
void read_bool(const json::value& value, bool& out, Reading& reading);
void read_time(const json::value& value, WallTime& out, Reading& reading);

}  // namespace detail
}  // namespace rbees::reflect
