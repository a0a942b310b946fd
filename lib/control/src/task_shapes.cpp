#include "task_shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/reflect/json.hpp"
#include "rbees/reflect/number.hpp"

namespace rbees::control {
namespace {

using reflect::FieldErrors;
namespace json = reflect::json;

// As lib/engine has them, which this module does not see: `max_stops`, `max_stop_bytes`.
constexpr std::size_t stops_max = 16;
constexpr std::size_t stop_bytes_max = 1'024;

constexpr std::array<std::string_view, 6> roles{"system", "developer", "user", "assistant", "tool", "function"};

struct Range {
    std::string_view member;
    double low;
    double high;
};

constexpr std::array sampling{Range{"min_p", 0, 1}, Range{"presence_penalty", -2, 2},
                              Range{"frequency_penalty", -2, 2}};

/// Collects faults, no more than are told of one document.
class Shapes {
  public:
    explicit Shapes(const json::object& body) : body_(body) {}

    [[nodiscard]] const json::value* find(std::string_view name) const { return member_of(body_, name); }

    void fault(std::string pointer, std::string detail) {
        if (!is_full()) faults_.push_back({std::move(pointer), std::move(detail)});
    }
    [[nodiscard]] bool is_full() const { return faults_.size() >= reflect::faults_max; }
    [[nodiscard]] FieldErrors take() { return std::move(faults_); }

    /// The member of an object, unless it is absent or null.
    static const json::value* member_of(const json::object& object, std::string_view name) {
        const auto* value = object.if_contains(name);
        return value == nullptr || value->is_null() ? nullptr : value;
    }

  private:
    const json::object& body_;
    FieldErrors faults_;
};

void check_content(Shapes& shapes, const std::string& pointer, const json::value& content) {
    if (content.is_string()) return;
    if (!content.is_array()) return shapes.fault(pointer, "must be a text or a list of parts");
    std::size_t index = 0;
    for (const auto& part : content.get_array()) {
        const auto* object = part.if_object();
        const auto* type = object == nullptr ? nullptr : Shapes::member_of(*object, "type");
        if (type == nullptr || !type->is_string()) {
            shapes.fault(fmt::format("{}/{}", pointer, index), "must be an object with a type");
        }
        if (shapes.is_full()) return;
        ++index;
    }
}

void check_message(Shapes& shapes, const std::string& pointer, const json::value& value) {
    const auto* message = value.if_object();
    if (message == nullptr) return shapes.fault(pointer, "must be an object");
    const auto* role = Shapes::member_of(*message, "role");
    const bool is_role = role != nullptr && role->is_string() &&
                         std::ranges::find(roles, std::string_view(role->get_string())) != roles.end();
    if (!is_role) shapes.fault(pointer + "/role", "must be system, developer, user, assistant or tool");
    if (const auto* content = Shapes::member_of(*message, "content")) {
        check_content(shapes, pointer + "/content", *content);
    } else if (is_role && role->get_string() != "assistant") {
        shapes.fault(pointer + "/content", "is required");
    }
}

void check_messages(Shapes& shapes) {
    const auto* messages = shapes.find("messages");
    if (messages == nullptr) return;
    if (!messages->is_array() || messages->get_array().empty()) {
        return shapes.fault("/messages", "must be an array with at least one message");
    }
    std::size_t index = 0;
    for (const auto& message : messages->get_array()) {
        if (shapes.is_full()) return;
        check_message(shapes, fmt::format("/messages/{}", index++), message);
    }
}

bool is_stop(const json::value& value) {
    return value.is_string() && !value.get_string().empty() && value.get_string().size() <= stop_bytes_max;
}

void check_stop(Shapes& shapes) {
    const auto* stop = shapes.find("stop");
    if (stop == nullptr || is_stop(*stop)) return;
    const auto* list = stop->if_array();
    if (list == nullptr || list->size() > stops_max || !std::ranges::all_of(*list, is_stop)) {
        shapes.fault("/stop", fmt::format("must be a text or a list of at most {} texts, each of 1 to {} bytes",
                                          stops_max, stop_bytes_max));
    }
}

/// The function that a tool is or a choice names; empty if it is not well-formed.
std::string_view function_name(const json::value& value) {
    const auto* object = value.if_object();
    const auto* function = object == nullptr ? nullptr : object->if_contains("function");
    const auto* members = function == nullptr ? nullptr : function->if_object();
    const auto* name = members == nullptr ? nullptr : members->if_contains("name");
    return name != nullptr && name->is_string() ? std::string_view(name->get_string()) : std::string_view{};
}

void check_tools(Shapes& shapes, const json::array& tools) {
    std::size_t index = 0;
    for (const auto& tool : tools) {
        if (function_name(tool).empty()) {
            shapes.fault(fmt::format("/tools/{}", index), "must be {type: function, function: {name}}");
        }
        ++index;
    }
}

void check_tool_choice(Shapes& shapes, const json::array& tools) {
    const auto* choice = shapes.find("tool_choice");
    if (choice == nullptr) return;
    if (const auto* word = choice->if_string()) {
        if (*word == "required" && tools.empty()) {
            shapes.fault("/tool_choice", "is required, but there are no tools");
        } else if (*word != "none" && *word != "auto" && *word != "required") {
            shapes.fault("/tool_choice", "must be none, auto, required, or name a function");
        }
        return;
    }
    const auto name = function_name(*choice);
    if (name.empty()) return shapes.fault("/tool_choice", "must be none, auto, required, or name a function");
    if (std::ranges::find(tools, name, function_name) == tools.end()) {
        shapes.fault("/tool_choice", "names a function that is not among the tools");
    }
}

void check_tool_members(Shapes& shapes) {
    const auto* tools = shapes.find("tools");
    if (tools != nullptr && !tools->is_array()) return shapes.fault("/tools", "must be an array");
    const json::array none;
    const auto& list = tools == nullptr ? none : tools->get_array();
    check_tools(shapes, list);
    check_tool_choice(shapes, list);
}

void check_response_format(Shapes& shapes) {
    const auto* value = shapes.find("response_format");
    if (value == nullptr) return;
    const auto* format = value->if_object();
    if (format == nullptr) return shapes.fault("/response_format", "must be an object with a type");
    const auto* type = Shapes::member_of(*format, "type");
    const auto word = type != nullptr && type->is_string() ? std::string_view(type->get_string()) : std::string_view{};
    if (word == "text" || word == "json_object") return;
    if (word != "json_schema") {
        return shapes.fault("/response_format/type", "must be text, json_object or json_schema");
    }
    const auto* wrapper = Shapes::member_of(*format, "json_schema");
    const auto* schema =
        wrapper != nullptr && wrapper->is_object() ? wrapper->get_object().if_contains("schema") : nullptr;
    if (schema == nullptr || !schema->is_object()) {
        shapes.fault("/response_format/json_schema", "must hold a schema that is an object");
    }
}

/// A task has one answer, and tokens without their probabilities.
void check_answer(Shapes& shapes) {
    if (const auto* n = shapes.find("n"); n != nullptr && reflect::to_integer(*n) != 1) {
        shapes.fault("/n", "must be 1: a task has one answer");
    }
    const auto* logprobs = shapes.find("logprobs");
    const bool is_wanted = logprobs != nullptr && (!logprobs->is_bool() || logprobs->get_bool());
    if (is_wanted) shapes.fault("/logprobs", "must be false: a task gives no probabilities of its tokens");
    if (shapes.find("top_logprobs") != nullptr) {
        shapes.fault("/top_logprobs", "must be absent: a task gives no probabilities of its tokens");
    }
}

void check_sampling(Shapes& shapes) {
    for (const auto& range : sampling) {
        const auto* value = shapes.find(range.member);
        if (value == nullptr) continue;
        json::error_code failed;
        const auto number = value->is_number() ? value->to_number<double>(failed) : range.high + 1;
        if (failed || !(number >= range.low && number <= range.high)) {
            shapes.fault(fmt::format("/{}", range.member),
                         fmt::format("must be a number from {} to {}", range.low, range.high));
        }
    }
    const auto* bias = shapes.find("logit_bias");
    if (bias != nullptr && !bias->is_object() && !bias->is_array()) {
        shapes.fault("/logit_bias", "must be an object from token id to number");
    }
    if (const auto* flag = shapes.find("ignore_eos"); flag != nullptr && !flag->is_bool()) {
        shapes.fault("/ignore_eos", "must be true or false");
    }
}

}  // namespace

FieldErrors faults_of_shapes(const json::object& body) {
    Shapes shapes(body);
    check_messages(shapes);
    check_stop(shapes);
    check_tool_members(shapes);
    check_response_format(shapes);
    check_answer(shapes);
    check_sampling(shapes);
    return shapes.take();
}

}  // namespace rbees::control
