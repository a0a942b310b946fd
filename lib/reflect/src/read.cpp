#include "rbees/reflect/read.hpp"

#include <fmt/core.h>

#include "rbees/reflect/number.hpp"

namespace rbees::reflect {

std::string describe(const FieldErrors& errors) {
    std::string text;
    for (const auto& error : errors) {
        if (!text.empty()) text += "; ";
        text += error.pointer.empty() ? "the body " + error.detail : error.pointer + ": " + error.detail;
    }
    return text;
}

namespace detail {

void Reading::fault(std::string detail, std::string_view limit) {
    if (is_over) return;
    errors.push_back({pointer, std::move(detail), std::string(limit)});
    if (errors.size() + 1 < faults_max) return;
    is_over = true;
    errors.push_back(
        {"", fmt::format("is read no further: {} faults are reported at most (faults_max)", faults_max), "faults_max"});
}

bool Reading::next_element() {
    if (is_over) return false;
    if (++elements <= elements_max) return true;
    fault(fmt::format("holds more than {} elements, all in all (elements_max)", elements_max), "elements_max");
    is_over = true;
    return false;
}

std::string escape_pointer(std::string_view name) {
    std::string escaped;
    for (const char c : name) {
        if (c == '~') {
            escaped += "~0";
        } else if (c == '/') {
            escaped += "~1";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

void read_integer(const json::value& value, std::int64_t& out, std::int64_t low, std::int64_t high, Reading& reading) {
    const auto number = to_integer(value);
    if (!number) return reading.fault("must be a whole number");
    if (*number < low || *number > high) return reading.fault(fmt::format("must be from {} to {}", low, high));
    out = *number;
}

void read_unsigned(const json::value& value, std::uint64_t& out, std::uint64_t high, Reading& reading) {
    if (value.is_int64() && value.get_int64() < 0) return reading.fault("must not be negative");
    const auto number = to_unsigned(value);
    if (!number) return reading.fault("must be a whole number");
    if (*number > high) return reading.fault(fmt::format("must be at most {}", high));
    out = *number;
}

void read_double(const json::value& value, double& out, Reading& reading) {
    json::error_code error;
    const auto number = value.to_number<double>(error);
    if (error || !value.is_number() || !std::isfinite(number)) return reading.fault("must be a number");
    out = number;
}

void read_string(const json::value& value, std::string& out, Reading& reading) {
    if (!value.is_string()) return reading.fault("must be a string");
    if (value.get_string().size() > reading.limits.text) {
        return reading.fault(fmt::format("must have at most {} bytes", reading.limits.text), reading.limits.text_name);
    }
    out = std::string(value.get_string());
}

void read_bool(const json::value& value, bool& out, Reading& reading) {
    if (!value.is_bool()) return reading.fault("must be true or false");
    out = value.get_bool();
}

void read_time(const json::value& value, WallTime& out, Reading& reading) {
    if (!value.is_string()) return reading.fault("must be a time such as 2026-01-31T12:00:00Z");
    const auto time = parse_rfc3339(value.get_string());
    if (!time) return reading.fault("must be a time such as 2026-01-31T12:00:00Z");
    out = *time;
}

}  // namespace detail
}  // namespace rbees::reflect
