#pragma once
/// @file
/// JSON Schema (2020-12) of C++ types, by the table in describe.hpp: for OpenAPI and for tools.

#include <cstdint>
#include <limits>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "rbees/reflect/describe.hpp"

namespace rbees::reflect {

namespace json = boost::json;

template <class T>
[[nodiscard]] json::object schema();

namespace detail {

template <DescribedEnum E>
json::object enum_schema() {
    json::array names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
        [&](auto described) { names.push_back(json::string(wire_name(described.name))); });
    return {{"type", "string"}, {"enum", std::move(names)}};
}

template <class T>
json::object number_schema() {
    if constexpr (std::is_floating_point_v<T>) {
        return {{"type", "number"}};
    } else if constexpr (std::is_signed_v<T>) {
        return {{"type", "integer"}};
    } else {
        return {{"type", "integer"}, {"minimum", 0}};
    }
}

template <DescribedStruct T>
json::object struct_schema() {
    json::object properties;
    json::array required;
    for_each_member<T>([&]<class Member>(std::string_view name, Member T::* /*pointer*/) {
        properties.emplace(name, schema<Member>());
        if constexpr (!traits::is_optional<Member>) required.push_back(json::string(name));
    });
    json::object object{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) object.emplace("required", std::move(required));
    return object;
}

}  // namespace detail

/// The schema of a type. Optional members are those not listed as required.
template <class T>
json::object schema() {
    if constexpr (std::is_same_v<T, json::value>) {
        return {};
    } else if constexpr (std::is_same_v<T, json::object>) {
        return {{"type", "object"}};
    } else if constexpr (std::is_same_v<T, bool>) {
        return {{"type", "boolean"}};
    } else if constexpr (std::is_arithmetic_v<T>) {
        return detail::number_schema<T>();
    } else if constexpr (std::is_same_v<T, std::string> || traits::is_id<T>) {
        return {{"type", "string"}};
    } else if constexpr (traits::is_count<T>) {
        return {{"type", "integer"}, {"minimum", 0}};
    } else if constexpr (std::is_same_v<T, WallTime>) {
        return {{"type", "string"}, {"format", "date-time"}};
    } else if constexpr (DescribedEnum<T>) {
        return detail::enum_schema<T>();
    } else if constexpr (traits::is_optional<T>) {
        return schema<typename T::value_type>();
    } else if constexpr (traits::is_vector<T>) {
        return {{"type", "array"}, {"items", schema<typename T::value_type>()}};
    } else if constexpr (traits::is_map<T>) {
        return {{"type", "object"}, {"additionalProperties", schema<typename T::mapped_type>()}};
    } else {
        return detail::struct_schema<T>();
    }
}

}  // namespace rbees::reflect
