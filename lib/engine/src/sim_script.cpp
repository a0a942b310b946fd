#include "sim_script.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "sim_schema.hpp"
#include "sim_text.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

/// Text of a message's content: a string, or the text parts of a list.
std::string content_text(const json::value* content) {
    if (content == nullptr) return {};
    if (const auto* text = content->if_string()) return std::string(*text);
    std::string joined;
    if (const auto* parts = content->if_array()) {
        for (const auto& part : *parts) {
            const auto* object = part.if_object();
            const auto* text = object == nullptr ? nullptr : object->if_contains("text");
            if (text != nullptr && text->is_string()) joined += text->get_string();
        }
    }
    return joined;
}

const json::value* at_path(const json::object& body, std::string_view first, std::string_view second) {
    const auto* outer = body.if_contains(first);
    return outer != nullptr && outer->is_object() ? outer->get_object().if_contains(second) : nullptr;
}

std::string_view name_of(const json::object& function) {
    return function.at("name").as_string();
}

/// The tool of that name, or the first for an empty one. Null if there is none.
const json::object* tool_named(const json::array& tools, std::string_view name) {
    for (const auto& tool : tools) {
        const auto& function = tool.at("function").as_object();
        if (name.empty() || name_of(function) == name) return &function;
    }
    return nullptr;
}

/// The tool that the user asks for by its name in the last message. Null if there is none.
const json::object* tool_asked_for(const json::array& tools, const json::array& messages) {
    const auto& last = messages.back().as_object();
    if (last.at("role") != "user") return nullptr;
    const auto text = content_text(last.if_contains("content"));
    for (const auto& tool : tools) {
        const auto& function = tool.at("function").as_object();
        if (text.contains(name_of(function))) return &function;
    }
    return nullptr;
}

/// The tool that is called: the one that must be, or the one that is asked for where any may be. Null if none is.
const json::object* called_tool(const json::object& body) {
    const auto* list = body.if_contains("tools");
    const auto* tools = list == nullptr ? nullptr : list->if_array();
    if (tools == nullptr) return nullptr;
    if (const auto* name = at_path(body, "tool_choice", "function"))
        return tool_named(*tools, name_of(name->as_object()));
    const auto* choice = body.if_contains("tool_choice");
    const bool may_be = choice == nullptr || choice->is_null() || *choice == "auto";
    if (may_be) return tool_asked_for(*tools, body.at("messages").as_array());
    return *choice == "required" ? tool_named(*tools, {}) : nullptr;
}

std::string forced_arguments(const json::object& function) {
    const auto* parameters = function.if_contains("parameters");
    const bool has_schema = parameters != nullptr && parameters->is_object();
    return json::serialize(has_schema ? smallest_value(*parameters) : json::value(json::object{}));
}

/// The JSON that a response format forces, if it does.
std::optional<std::string> forced_json(const json::object& body) {
    const auto* type = at_path(body, "response_format", "type");
    if (type == nullptr || *type == "text") return std::nullopt;
    const auto* schema = at_path(body, "response_format", "schema");
    if (*type == "json_schema") schema = &at_path(body, "response_format", "json_schema")->at("schema");
    return json::serialize(schema == nullptr ? json::value(json::object{}) : smallest_value(*schema));
}

std::expected<TokenIdList, ApiError> prompt_ids(Operation operation, const json::object& body) {
    if (operation == Operation::chat) return sim_encode(sim_render(body));
    const auto& prompt = body.at("prompt");
    if (prompt.is_string()) return sim_encode(std::string_view(prompt.get_string()));
    const auto& list = prompt.as_array();
    if (list.front().is_int64()) return json::value_to<TokenIdList>(prompt);
    if (list.size() > 1) return std::unexpected(invalid_param("prompt", "The simulated engine takes one prompt."));
    if (list.front().is_string()) return sim_encode(std::string_view(list.front().get_string()));
    return json::value_to<TokenIdList>(list.front());
}

std::uint64_t seed_of(const Call& call, const GenerationRequest& request, const SimulatedModel& model) {
    if (call.from) return call.from->seed;
    return request.seed.value_or(static_cast<std::uint32_t>(model.seed));
}

/// The simulation says what it would say without; but as with other engines, no worker can take such an answer over.
bool keeps_to_own_grammar(const json::object& body) {
    const auto* grammar = body.if_contains("grammar");
    return grammar != nullptr && grammar->is_string() && !grammar->get_string().empty();
}

}  // namespace

std::string sim_render(const json::object& body) {
    std::string text;
    for (const auto& message : body.at("messages").as_array()) {
        const auto& object = message.as_object();
        text += "<|" + std::string(object.at("role").as_string()) + "|>\n";
        text += content_text(object.if_contains("content"));
        if (const auto* calls = object.if_contains("tool_calls")) text += json::serialize(*calls);
        text += "\n";
    }
    if (const auto* tools = body.if_contains("tools"); tools != nullptr && tools->is_array()) {
        text = "<|tools|>\n" + json::serialize(*tools) + "\n" + text;
    }
    return text + "<|assistant|>\n";
}

Started started(const Script& script, std::size_t first) {
    return {.prompt = script.prompt,
            .seed = static_cast<std::uint32_t>(script.seed),
            .continuable = script.continuable,
            .left = Tokens(script.most - std::min<std::uint64_t>(script.most, first))};
}

std::expected<Script, ApiError> write_script(const Call& call, const json::object& body,
                                             const GenerationRequest& request, const SimulatedModel& model) {
    auto prompt =
        call.from ? std::expected<TokenIdList, ApiError>(call.from->prompt) : prompt_ids(call.operation, body);
    if (!prompt) return std::unexpected(prompt.error());
    if (prompt->size() >= model.context.value) {
        return std::unexpected(context_exceeded(Tokens(prompt->size()), model.context));
    }
    const bool is_bound = keeps_to_own_grammar(body);
    if (is_bound && call.from && !call.from->generated.empty()) {
        return std::unexpected(not_continuable("An answer that keeps to an own grammar cannot be continued."));
    }
    Script script{.prompt = std::move(*prompt), .stops = request.stop, .seed = seed_of(call, request, model)};
    if (is_bound) script.continuable = Continuable::no;
    const auto room = model.context.value - script.prompt.size();
    const auto wanted = call.from ? Tokens(call.from->generated.size()) + call.from->left : request.max_tokens;
    const auto most = std::min<std::uint64_t>(wanted.value_or(Tokens(room)).value, room);
    script.most = most;

    const auto* tool = call.operation == Operation::chat ? called_tool(body) : nullptr;
    const auto constrained = tool == nullptr ? forced_json(body) : std::nullopt;
    if (tool != nullptr) {
        script.tool = std::string(tool->at("name").as_string());
        script.output = TokenSource::exactly(sim_encode(forced_arguments(*tool)));
        script.finish = "tool_calls";
    } else if (constrained) {
        script.output = TokenSource::exactly(sim_encode(*constrained));
    } else {
        const auto key = sim_hash(script.seed, script.prompt);
        script.output = TokenSource::words(key, request.ignore_eos ? most : sim_length(key));
        if (script.output.size() >= most) script.finish = "length";
    }
    if (script.output.size() > most) script.finish = "length";
    script.output.limit(most);
    return script;
}

}  // namespace rbees::engine
