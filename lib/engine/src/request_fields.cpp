#include "request_fields.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace rbees::engine {
namespace json = boost::json;

std::optional<std::int64_t> whole_number(const json::value& value) {
    if (const auto* number = value.if_int64()) return *number;
    if (const auto* number = value.if_uint64()) {
        return std::in_range<std::int64_t>(*number) ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
    }
    const auto* number = value.if_double();
    if (number == nullptr || !(*number >= -0x1p63 && *number < 0x1p63)) return std::nullopt;
    return std::trunc(*number) == *number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

const json::value* Fields::find(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (value == nullptr || value->is_null()) return nullptr;
    return value;
}

bool Fields::flag(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) {
        refuse(name, fmt::format("'{}' must be true or false.", name));
        return false;
    }
    return value->get_bool();
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto number = whole_number(*value);
    if (!number || *number < least || *number > most) {
        refuse(name, fmt::format("'{}' must be an integer from {} to {}.", name, least, most));
        return std::nullopt;
    }
    return number;
}

void Fields::number(std::string_view name, double least, double most) {
    const auto* value = find(name);
    if (value == nullptr) return;
    json::error_code failed;
    const auto number = value->is_number() ? value->to_number<double>(failed) : std::nan("");
    if (failed || !(number >= least && number <= most)) {
        refuse(name, fmt::format("'{}' must be a number from {} to {}.", name, least, most));
    }
}

void Fields::refuse(std::string_view name, std::string message) {
    if (!error_) error_ = invalid_param(std::string(name), std::move(message));
}

}  // namespace rbees::engine
