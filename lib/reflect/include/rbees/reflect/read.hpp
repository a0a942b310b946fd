#pragma once
/// @file
/// JSON to C++ values, by the table in describe.hpp. The faults are reported together, not only the first, each with a
/// JSON pointer (RFC 6901), so that a client can mend its request in one go. Members that nobody knows are ignored:
/// newer clients stay welcome.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "rbees/reflect/describe.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/reading.hpp"

namespace rbees::reflect {

namespace detail {

template <class T>
void read(const json::value& value, T& out, Reading& reading);

template <class T>
void read_array(const json::value& value, std::vector<T>& out, Reading& reading) {
    if (!value.is_array()) return reading.fault("must be an array");
    const auto size = reading.pointer.size();
    for (std::size_t index = 0; index < value.get_array().size() && reading.next_element(); ++index) {
        reading.pointer += "/" + std::to_string(index);
        read(value.get_array()[index], out.emplace_back(), reading);
        reading.pointer.resize(size);
    }
}

template <class T>
void read_map(const json::value& value, std::map<std::string, T>& out, Reading& reading) {
    if (!value.is_object()) return reading.fault("must be an object");
    const auto size = reading.pointer.size();
    for (const auto& [key, item] : value.get_object()) {
        if (!reading.next_element()) return;
        reading.pointer += "/" + escape_pointer(key);
        read(item, out[std::string(key)], reading);
        reading.pointer.resize(size);
    }
}

template <DescribedStruct T>
void read_struct(const json::value& value, T& out, Reading& reading) {
    if (!value.is_object()) return reading.fault("must be an object");
    const auto& object = value.get_object();
    const auto size = reading.pointer.size();
    for_each_member<T>([&](std::string_view name, auto pointer) {
        if (reading.is_over) return;
        auto& member = out.*pointer;
        reading.pointer += "/" + std::string(name);
        const auto* found = object.if_contains(name);
        if (found != nullptr) {
            read(*found, member, reading);
        } else if constexpr (!traits::is_optional<std::remove_cvref_t<decltype(member)>>) {
            reading.fault("is required");
        }
        reading.pointer.resize(size);
    });
}

template <DescribedEnum E>
void read_enum(const json::value& value, E& out, Reading& reading) {
    const auto found = value.is_string() ? value_of<E>(value.get_string()) : std::nullopt;
    if (found) {
        out = *found;
        return;
    }
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto described) {
        if (!names.empty()) names += ", ";
        names += wire_name(described.name);
    });
    reading.fault("must be one of " + names);
}

template <class T>
void read_number(const json::value& value, T& out, Reading& reading) {
    if constexpr (std::is_floating_point_v<T>) {
        read_double(value, out, reading);
    } else if constexpr (std::is_signed_v<T>) {
        std::int64_t wide = 0;
        read_integer(value, wide, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), reading);
        out = static_cast<T>(wide);
    } else {
        std::uint64_t wide = 0;
        read_unsigned(value, wide, std::numeric_limits<T>::max(), reading);
        out = static_cast<T>(wide);
    }
}

template <class T>
void read(const json::value& value, T& out, Reading& reading) {
    if constexpr (std::is_same_v<T, json::value>) {
        out = value;
    } else if constexpr (std::is_same_v<T, json::object>) {
        if (!value.is_object()) return reading.fault("must be an object");
        out = value.get_object();
    } else if constexpr (std::is_same_v<T, bool>) {
        read_bool(value, out, reading);
    } else if constexpr (std::is_arithmetic_v<T>) {
        read_number(value, out, reading);
    } else if constexpr (std::is_same_v<T, std::string>) {
        read_string(value, out, reading);
    } else if constexpr (DescribedEnum<T>) {
        read_enum(value, out, reading);
    } else if constexpr (traits::is_id<T>) {
        std::string text;
        read_string(value, text, reading);
        out = T(std::move(text));
    } else if constexpr (traits::is_count<T>) {
        read_unsigned(value, out.value, std::numeric_limits<std::uint64_t>::max(), reading);
    } else if constexpr (std::is_same_v<T, WallTime>) {
        read_time(value, out, reading);
    } else if constexpr (traits::is_optional<T>) {
        if (!value.is_null()) read(value, out.emplace(), reading);
    } else if constexpr (traits::is_vector<T>) {
        read_array(value, out, reading);
    } else if constexpr (traits::is_map<T>) {
        read_map(value, out, reading);
    } else {
        read_struct(value, out, reading);
    }
}

}  // namespace detail

/// Reads a value. Fails with the faults found, `faults_max` of them at most, in document order.
template <class T>
[[nodiscard]] std::expected<T, FieldErrors> from_json(const json::value& value, ReadLimits limits = {}) {
    T out{};
    detail::Reading reading;
    reading.limits = limits;
    detail::read(value, out, reading);
    if (!reading.errors.empty()) return std::unexpected(std::move(reading.errors));
    return out;
}

/// Parses and reads a document. A syntax error is one fault with an empty pointer.
template <class T>
[[nodiscard]] std::expected<T, FieldErrors> from_json_text(std::string_view bytes, ReadLimits limits = {}) {
    auto value = parse_json(bytes);
    if (!value) {
        auto& error = value.error();
        return std::unexpected(
            FieldErrors{{"", "is not JSON: " + error.message + " at byte " + std::to_string(error.offset),
                         std::move(error.limit)}});
    }
    return from_json<T>(*value, limits);
}

}  // namespace rbees::reflect
