#pragma once
/// @file
/// Which C++ types have a JSON form. A struct is described once, with BOOST_DESCRIBE_STRUCT beside its definition
/// (enums with BOOST_DESCRIBE_ENUM); reading, writing and the JSON Schema all follow from that one list.
///
/// | C++ | JSON |
/// | --- | --- |
/// | described struct | object; a member of type std::optional may be absent or null, every other one is required |
/// | described enum | string, the enumerator's name; a trailing underscore (for C++ keywords) is dropped |
/// | bool, integers, double, std::string | boolean, number, string; integers are range-checked |
/// | Id, Bytes, Tokens | string; number |
/// | WallTime | string, RFC 3339 |
/// | std::vector, std::map<std::string, T> | array, object |
/// | json::value, json::object | anything; an object |

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::reflect {

namespace traits {

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

template <class T>
inline constexpr bool is_count = false;
template <class Tag>
inline constexpr bool is_count<Count<Tag>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

}  // namespace traits

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// The wire name of an enumerator or member: a trailing underscore is dropped.
[[nodiscard]] constexpr std::string_view wire_name(std::string_view name) {
    return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}

/// The wire name of an enum's value; "unknown" for a value outside the list.
template <DescribedEnum E>
[[nodiscard]] std::string_view name_of(E value) {
    std::string_view name = "unknown";
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto described) {
        if (described.value == value) name = wire_name(described.name);
    });
    return name;
}

/// The enum's value of that wire name, if there is one.
template <DescribedEnum E>
[[nodiscard]] std::optional<E> value_of(std::string_view name) {
    std::optional<E> value;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto described) {
        if (wire_name(described.name) == name) value = described.value;
    });
    return value;
}

/// Calls `visit(name, member pointer)` for each member of a described struct, bases first.
template <DescribedStruct T, class Visitor>
void for_each_member(Visitor&& visit) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
    boost::mp11::mp_for_each<Members>([&](auto described) { visit(wire_name(described.name), described.pointer); });
}

}  // namespace rbees::reflect
