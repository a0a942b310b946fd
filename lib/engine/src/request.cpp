#include "rbees/engine/request.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>

#include "request_fields.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

constexpr std::int64_t max_tokens_limit = 1 << 30;

bool is_role(std::string_view role) {
    return role == "system" || role == "developer" || role == "user" || role == "assistant" || role == "tool" ||
           role == "function";
}

/// Empty, or what is wrong with a message.
std::string problem_of_message(const json::value& value) {
    const auto* message = value.if_object();
    if (message == nullptr) return "must be an object";
    const auto* role = message->if_contains("role");
    if (role == nullptr || !role->is_string() || !is_role(role->get_string())) {
        return "needs a 'role': system, developer, user, assistant or tool";
    }
    const auto* content = message->if_contains("content");
    if (content == nullptr || content->is_null()) {
        const bool may_lack_it = role->get_string() == "assistant";
        return may_lack_it ? std::string{} : "needs a 'content'";
    }
    if (!content->is_string() && !content->is_array())
        return "has a 'content' that is neither text nor a list of parts";
    return {};
}

void check_messages(Fields& fields) {
    const auto* value = fields.find("messages");
    const auto* messages = value == nullptr ? nullptr : value->if_array();
    if (messages == nullptr || messages->empty()) {
        return fields.refuse("messages", "'messages' must be a list with at least one message.");
    }
    for (std::size_t i = 0; i < messages->size(); ++i) {
        const auto problem = problem_of_message((*messages)[i]);
        if (!problem.empty()) return fields.refuse("messages", fmt::format("messages[{}] {}.", i, problem));
    }
}

bool is_token_list(const json::array& list) {
    for (const auto& item : list) {
        if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() > std::numeric_limits<std::int32_t>::max()) {
            return false;
        }
    }
    return !list.empty();
}

bool is_prompt(const json::value& value) {
    if (value.is_string()) return true;
    const auto* list = value.if_array();
    if (list == nullptr || list->empty()) return false;
    if (is_token_list(*list)) return true;
    for (const auto& item : *list) {
        if (!item.is_string() && !(item.is_array() && is_token_list(item.get_array()))) return false;
    }
    return true;
}

void check_prompt(Fields& fields) {
    const auto* prompt = fields.find("prompt");
    if (prompt == nullptr || !is_prompt(*prompt)) {
        fields.refuse("prompt", "'prompt' must be a text, a list of token ids, or a list of those.");
    }
}

std::vector<std::string> read_stops(Fields& fields) {
    const auto* value = fields.find("stop");
    if (value == nullptr) return {};
    json::array list = value->is_array() ? value->get_array() : json::array{*value};
    std::vector<std::string> stops;
    for (const auto& item : list) {
        if (!item.is_string() || item.get_string().empty() || item.get_string().size() > max_stop_bytes) {
            fields.refuse("stop",
                          fmt::format("'stop' must be a text or a list of texts, 1 to {} bytes each.", max_stop_bytes));
            return {};
        }
        stops.emplace_back(item.get_string());
    }
    if (stops.size() > max_stops) fields.refuse("stop", fmt::format("'stop' takes {} texts at most.", max_stops));
    return stops;
}

bool read_include_usage(Fields& fields, bool stream) {
    const auto* value = fields.find("stream_options");
    if (value == nullptr) return false;
    if (!stream) fields.refuse("stream_options", "'stream_options' goes with 'stream': true only.");
    if (!value->is_object()) {
        fields.refuse("stream_options", "'stream_options' must be an object.");
        return false;
    }
    Fields options(value->get_object());
    const bool include = options.flag("include_usage");
    if (options.error()) fields.refuse("stream_options", options.error()->message);
    return include;
}

void check_response_format(Fields& fields) {
    const auto* value = fields.find("response_format");
    if (value == nullptr) return;
    const auto* format = value->if_object();
    const auto* type = format == nullptr ? nullptr : format->if_contains("type");
    if (type == nullptr || !type->is_string()) {
        return fields.refuse("response_format", "'response_format' must be an object with a 'type'.");
    }
    if (type->get_string() == "text" || type->get_string() == "json_object") return;
    if (type->get_string() != "json_schema") {
        return fields.refuse("response_format", "'response_format.type' must be text, json_object or json_schema.");
    }
    const auto* wrapper = format->if_contains("json_schema");
    const auto* schema =
        wrapper != nullptr && wrapper->is_object() ? wrapper->get_object().if_contains("schema") : nullptr;
    if (schema == nullptr || !schema->is_object()) {
        fields.refuse("response_format", "'response_format.json_schema' must hold a 'schema' that is an object.");
    }
}

/// The function's name of a tool or of a tool choice; empty if it is not well-formed.
std::string_view function_name(const json::value& value) {
    const auto* object = value.if_object();
    const auto* function = object == nullptr ? nullptr : object->if_contains("function");
    const auto* name =
        function != nullptr && function->is_object() ? function->get_object().if_contains("name") : nullptr;
    return name != nullptr && name->is_string() ? std::string_view(name->get_string()) : std::string_view{};
}

void check_tool_choice(Fields& fields, const json::array& tools) {
    const auto* choice = fields.find("tool_choice");
    if (choice == nullptr) return;
    if (const auto* word = choice->if_string()) {
        if (*word != "none" && *word != "auto" && *word != "required") {
            fields.refuse("tool_choice", "'tool_choice' must be none, auto, required, or name a function.");
        } else if (*word == "required" && tools.empty()) {
            fields.refuse("tool_choice", "'tool_choice' is required, but there are no 'tools'.");
        }
        return;
    }
    const auto name = function_name(*choice);
    for (const auto& tool : tools) {
        if (!name.empty() && function_name(tool) == name) return;
    }
    fields.refuse("tool_choice",
                  fmt::format("'tool_choice' names the function '{}', which is not among 'tools'.", name));
}

void check_tools(Fields& fields) {
    const auto* value = fields.find("tools");
    if (value != nullptr && !value->is_array()) return fields.refuse("tools", "'tools' must be a list.");
    const json::array tools = value == nullptr ? json::array{} : value->get_array();
    for (std::size_t i = 0; i < tools.size(); ++i) {
        if (function_name(tools[i]).empty()) {
            return fields.refuse("tools", fmt::format("tools[{}] must be {{type: function, function: {{name}}}}.", i));
        }
    }
    check_tool_choice(fields, tools);
}

void check_sampling(Fields& fields) {
    fields.number("temperature", 0, 2);
    fields.number("top_p", 0, 1);
    fields.number("min_p", 0, 1);
    fields.number("presence_penalty", -2, 2);
    fields.number("frequency_penalty", -2, 2);
    if (const auto* bias = fields.find("logit_bias"); bias != nullptr && !bias->is_object() && !bias->is_array()) {
        fields.refuse("logit_bias", "'logit_bias' must be an object from token id to number.");
    }
}

void check_logprobs(Fields& fields, Operation operation) {
    if (operation == Operation::completion) {
        (void)fields.integer("logprobs", 0, 20);
        return;
    }
    const bool wanted = fields.flag("logprobs");
    const auto top = fields.integer("top_logprobs", 0, 20);
    if (top && !wanted) fields.refuse("top_logprobs", "'top_logprobs' goes with 'logprobs': true only.");
}

std::optional<Tokens> read_max_tokens(Fields& fields) {
    const auto newer = fields.integer("max_completion_tokens", 1, max_tokens_limit);
    const auto older = fields.integer("max_tokens", 1, max_tokens_limit);
    if (newer) return Tokens(static_cast<std::uint64_t>(*newer));
    if (older) return Tokens(static_cast<std::uint64_t>(*older));
    return std::nullopt;
}

}  // namespace

std::expected<json::object, ApiError> parse_body(std::string_view body) {
    json::parse_options options;
    options.max_depth = max_depth;
    json::error_code failed;
    auto value = json::parse(body, failed, {}, options);
    if (failed) return std::unexpected(invalid_param("", "The body is not valid JSON: " + failed.message() + "."));
    if (!value.is_object()) return std::unexpected(invalid_param("", "The body must be a JSON object."));
    return std::move(value.get_object());
}

std::expected<GenerationRequest, ApiError> read_generation(Operation operation, const json::object& body,
                                                           std::uint32_t most_choices) {
    Fields fields(body);
    GenerationRequest request;
    if (operation == Operation::chat) {
        check_messages(fields);
        check_tools(fields);
    } else {
        check_prompt(fields);
    }
    check_response_format(fields);
    check_sampling(fields);
    check_logprobs(fields, operation);
    request.stream = fields.flag("stream");
    request.include_usage = read_include_usage(fields, request.stream);
    request.ignore_eos = fields.flag("ignore_eos");
    request.stop = read_stops(fields);
    request.max_tokens = read_max_tokens(fields);
    if (const auto n = fields.integer("n", 1, most_choices)) request.choices = static_cast<std::uint32_t>(*n);
    constexpr auto any = std::numeric_limits<std::int64_t>::max();
    if (const auto seed = fields.integer("seed", -any, any)) request.seed = static_cast<std::uint32_t>(*seed);
    if (fields.error()) return std::unexpected(*fields.error());
    return request;
}

}  // namespace rbees::engine
