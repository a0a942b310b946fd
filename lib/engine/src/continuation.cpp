#include <boost/json.hpp>

#include "rbees/engine/request.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

bool has_several_choices(const json::object& body) {
    const auto* choices = body.if_contains("n");
    return choices != nullptr && choices->is_number() && choices->to_number<double>() > 1;
}

/// A list of token ids is one prompt; a list of anything else is one for each item.
bool has_several_prompts(const json::object& body) {
    const auto* prompt = body.if_contains("prompt");
    const auto* list = prompt == nullptr ? nullptr : prompt->if_array();
    return list != nullptr && list->size() > 1 && !list->front().is_number();
}

/// Most tokens, under the one name that every engine reads. None left is said by the call, not by the body.
void limit(json::object& body, Tokens left) {
    body.erase("max_completion_tokens");
    body["max_tokens"] = std::max<std::uint64_t>(left.value, 1);
}

bool asks_for(const json::object& body, std::string_view member) {
    const auto* value = body.if_contains(member);
    if (value == nullptr) return false;
    return value->is_bool() ? value->get_bool() : value->is_number() && value->to_number<double>() > 0;
}

/// What `Frames::tokens` has a place for.
std::expected<void, ApiError> fit_for_tokens(json::object& body) {
    if (has_several_choices(body))
        return std::unexpected(invalid_param("n", "An execution has one choice: 'n' must be 1."));
    if (has_several_prompts(body)) return std::unexpected(invalid_param("prompt", "An execution has one prompt."));
    for (const auto* member : {"logprobs", "top_logprobs"}) {
        if (asks_for(body, member))
            return std::unexpected(invalid_param(member, "An execution gives no probabilities of its tokens."));
    }
    body["stream"] = true;
    return {};
}

std::expected<void, ApiError> use_sampling(json::object& body, const std::string& sampling) {
    if (sampling.empty()) return {};
    auto values = parse_body(sampling);
    if (!values) return std::unexpected(invalid_param("sampling", "'sampling' must be an object."));
    for (const auto& [name, value] : *values) {
        if (value.is_number()) body[name] = value;
    }
    return {};
}

}  // namespace

std::expected<json::object, ApiError> read_call(const Call& call, std::string_view model_hash) {
    auto body = parse_body(call.body);
    if (!body) return body;
    if (call.frames == Frames::tokens) {
        if (const auto fits = fit_for_tokens(*body); !fits) return std::unexpected(fits.error());
    }
    if (!call.from) return body;
    if (call.from->model_hash != model_hash)
        return std::unexpected(not_continuable("The answer was begun by another model than this one."));
    if (call.operation != Operation::chat && call.operation != Operation::completion)
        return std::unexpected(not_continuable("Only chat completions and completions can be continued."));
    if (has_several_choices(*body) || has_several_prompts(*body))
        return std::unexpected(not_continuable("An answer with several choices or prompts cannot be continued."));
    if (const auto used = use_sampling(*body, call.from->sampling); !used) return std::unexpected(used.error());
    (*body)["stream"] = true;
    (*body)["seed"] = call.from->seed;
    limit(*body, call.from->left);
    return body;
}

}  // namespace rbees::engine
