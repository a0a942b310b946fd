#pragma once
/// @file
/// C++ values to JSON, by the table in describe.hpp. An empty optional is left out.

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "rbees/reflect/describe.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::reflect {

/// The JSON form of a value.
template <class T>
[[nodiscard]] json::value to_json(const T& value) {
    if constexpr (std::is_same_v<T, json::value>) {
        return value;
    } else if constexpr (std::is_same_v<T, json::object>) {
        return value;
    } else if constexpr (std::is_arithmetic_v<T>) {
        return value;
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
        return json::string(value);
    } else if constexpr (DescribedEnum<T>) {
        return json::string(name_of(value));
    } else if constexpr (traits::is_id<T>) {
        return json::string(value.str());
    } else if constexpr (traits::is_count<T>) {
        return value.value;
    } else if constexpr (std::is_same_v<T, WallTime>) {
        return json::string(to_rfc3339(value));
    } else if constexpr (traits::is_optional<T>) {
        return value ? to_json(*value) : json::value(nullptr);
    } else if constexpr (traits::is_vector<T>) {
        json::array array;
        array.reserve(value.size());
        for (const auto& item : value) {
            array.push_back(to_json(item));
        }
        return array;
    } else if constexpr (traits::is_map<T>) {
        json::object object;
        for (const auto& [key, item] : value) {
            object.emplace(key, to_json(item));
        }
        return object;
    } else {
        static_assert(DescribedStruct<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
        json::object object;
        for_each_member<T>([&](std::string_view name, auto pointer) {
            const auto& member = value.*pointer;
            if constexpr (traits::is_optional<std::remove_cvref_t<decltype(member)>>) {
                if (member) object.emplace(name, to_json(*member));
            } else {
                object.emplace(name, to_json(member));
            }
        });
        return object;
    }
}

/// The compact JSON text of a value.
template <class T>
[[nodiscard]] std::string to_json_text(const T& value) {
    return to_text(to_json(value));
}

}  // namespace rbees::reflect
