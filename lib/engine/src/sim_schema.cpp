#include "sim_schema.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <string>
#include <string_view>

#include "rbees/engine/request.hpp"
#include "request_fields.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

constexpr std::int64_t most_filling = 1024;  ///< of minItems and minLength: the simulation does not write novels

class Builder {
  public:
    explicit Builder(const json::value& root) : root_(root) {}

    json::value build(const json::value& schema, std::size_t depth) {
        const auto* object = schema.if_object();
        if (object == nullptr || depth == max_depth || !spend(1)) return nullptr;
        if (const auto* target = reference(*object)) return build(*target, depth + 1);
        if (const auto* value = object->if_contains("const")) return copy(*value);
        if (const auto* value = first_of(*object, "enum")) return copy(*value);
        if (const auto* value = object->if_contains("default")) return copy(*value);
        if (const auto* choice = first_of(*object, "anyOf")) return build(*choice, depth + 1);
        if (const auto* choice = first_of(*object, "oneOf")) return build(*choice, depth + 1);
        if (object->contains("allOf")) {
            return spend(json::serialize(*object).size()) ? build(merged(*object), depth + 1) : json::value(nullptr);
        }
        return of_type(*object, depth);
    }

  private:
    /// Counts bytes of the value, and of the schema where it is copied or searched for: both cost what they are long.
    /// False when it is as large as it may be.
    bool spend(std::size_t bytes) {
        left_ -= std::min(left_, bytes);
        return left_ > 0;
    }

    json::value copy(const json::value& value) {
        return spend(json::serialize(value).size()) ? value : json::value(nullptr);
    }

    const json::value* reference(const json::object& schema) {
        const auto* value = schema.if_contains("$ref");
        if (value == nullptr || !value->is_string()) return nullptr;
        const std::string_view target = value->get_string();
        if (!target.starts_with('#') || !spend(target.size())) return nullptr;
        json::error_code failed;
        return root_.find_pointer(target.substr(1), failed);
    }

    static const json::value* first_of(const json::object& schema, std::string_view name) {
        const auto* value = schema.if_contains(name);
        const auto* list = value == nullptr ? nullptr : value->if_array();
        return list == nullptr || list->empty() ? nullptr : &list->front();
    }

    /// The schema with the members of its `allOf` parts; properties and requirements add up.
    json::value merged(json::object schema) {
        const json::value parts = schema.at("allOf");
        schema.erase("allOf");
        if (!parts.is_array()) return schema;
        for (const auto& part : parts.get_array()) {
            const auto* object = part.if_object();
            if (object == nullptr || left_ == 0) continue;
            if (const auto* target = reference(*object); target != nullptr) object = target->if_object();
            if (object != nullptr) merge(*object, schema);
        }
        return schema;
    }

    void merge(const json::object& from, json::object& to) {
        for (const auto& [name, value] : from) {
            if (!spend(json::serialize(value).size())) return;
            auto& place = to[name];
            if (place.is_object() && value.is_object()) {
                for (const auto& member : value.get_object())
                    place.get_object().insert(member);
            } else if (place.is_array() && value.is_array()) {
                for (const auto& item : value.get_array())
                    place.get_array().push_back(item);
            } else {
                place = value;
            }
        }
    }

    static std::string_view type_of(const json::object& schema) {
        const auto* type = schema.if_contains("type");
        if (type != nullptr && type->is_array() && !type->get_array().empty()) type = &type->get_array().front();
        if (type != nullptr && type->is_string()) return type->get_string();
        if (schema.contains("items")) return "array";
        return "object";
    }

    static std::uint64_t least(const json::object& schema, std::string_view name) {
        const auto* value = schema.if_contains(name);
        const auto number = value == nullptr ? std::nullopt : whole_number(*value);
        return static_cast<std::uint64_t>(std::clamp<std::int64_t>(number.value_or(0), 0, most_filling));
    }

    json::value of_type(const json::object& schema, std::size_t depth) {
        const auto type = type_of(schema);
        if (type == "object") return object_of(schema, depth);
        if (type == "array") return array_of(schema, depth);
        if (type == "string") return string_of(schema);
        if (type == "integer" || type == "number") return number_of(schema);
        if (type == "boolean") return false;
        return nullptr;
    }

    json::value object_of(const json::object& schema, std::size_t depth) {
        json::object result;
        const auto* required = schema.if_contains("required");
        const auto* properties = schema.if_contains("properties");
        if (required == nullptr || !required->is_array()) return result;
        for (const auto& name : required->get_array()) {
            const auto* text = name.if_string();
            if (!spend(text == nullptr ? 1 : text->size() + 1)) break;
            if (text == nullptr) continue;
            const auto* property = properties != nullptr && properties->is_object()
                                       ? properties->get_object().if_contains(*text)
                                       : nullptr;
            result[*text] = property == nullptr ? json::value(nullptr) : build(*property, depth + 1);
        }
        return result;
    }

    json::value array_of(const json::object& schema, std::size_t depth) {
        json::array result;
        const auto* items = schema.if_contains("items");
        for (std::uint64_t i = least(schema, "minItems"); i > 0 && left_ > 0; --i) {
            result.push_back(items == nullptr ? json::value(nullptr) : build(*items, depth + 1));
        }
        return result;
    }

    json::value string_of(const json::object& schema) {
        const auto length = least(schema, "minLength");
        return spend(length) ? json::value(json::string(length, 'x')) : json::value(nullptr);
    }

    static json::value number_of(const json::object& schema) {
        const auto* least = schema.if_contains("minimum");
        if (least == nullptr || !least->is_number()) return 0;
        if (least->is_uint64()) return *least;
        if (const auto* whole = least->if_int64()) return std::max<std::int64_t>(*whole, 0);
        const double value = std::ceil(least->get_double());
        if (value <= 0) return 0;
        constexpr double integers_end = 0x1p63;
        return value < integers_end ? json::value(static_cast<std::int64_t>(value)) : json::value(value);
    }

    const json::value& root_;
    std::size_t left_ = max_value_bytes;
};

}  // namespace

json::value smallest_value(const json::value& schema) {
    return Builder(schema).build(schema, 0);
}

}  // namespace rbees::engine
