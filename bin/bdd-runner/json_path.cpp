#include "json_path.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "rbees/base/numbers.hpp"

namespace rbees::bdd {
namespace {

namespace json = boost::json;

constexpr std::size_t excerpt_max = 400;

/// The member or element of that name; null when there is none.
const json::value* step_into(const json::value& value, std::string_view name) {
    if (const auto* object = value.if_object()) return object->if_contains(name);
    const auto* array = value.if_array();
    const auto index = parse_whole<std::size_t>(name);
    return array != nullptr && index ? array->if_contains(*index) : nullptr;
}

}  // namespace

std::expected<std::string, std::string> json_at(std::string_view text, std::string_view path) {
    boost::system::error_code error;
    const json::value whole = json::parse(text, error);
    if (error) return std::unexpected(fmt::format("this is no JSON: {}", text.substr(0, excerpt_max)));
    const json::value* value = &whole;
    for (auto rest = path; !rest.empty();) {
        const auto end = std::min(rest.find('.'), rest.size());
        value = step_into(*value, rest.substr(0, end));
        if (value == nullptr) {
            return std::unexpected(fmt::format("there is no \"{}\" in {}", path, text.substr(0, excerpt_max)));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (const auto* string = value->if_string()) return std::string(string->data(), string->size());
    return json::serialize(*value);
}

}  // namespace rbees::bdd
