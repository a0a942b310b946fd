#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>

#include "rbees/engine/request.hpp"
#include "request_fields.hpp"

namespace rbees::engine {
namespace json = boost::json;
namespace {

std::optional<TokenIdList> token_ids(const json::array& list) {
    TokenIdList ids;
    for (const auto& item : list) {
        if (!item.is_int64()) return std::nullopt;
        const auto id = item.get_int64();
        if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
        ids.push_back(static_cast<std::int32_t>(id));
    }
    return ids;
}

std::optional<EmbeddingInput> one_input(const json::value& value) {
    if (const auto* text = value.if_string(); text != nullptr && !text->empty()) return std::string(*text);
    if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
        if (auto ids = token_ids(*list)) return std::move(*ids);
    }
    return std::nullopt;
}

std::optional<std::vector<EmbeddingInput>> all_inputs(const json::value& value) {
    if (auto single = one_input(value)) return std::vector{std::move(*single)};
    const auto* list = value.if_array();
    if (list == nullptr || list->empty()) return std::nullopt;
    std::vector<EmbeddingInput> inputs;
    for (const auto& item : *list) {
        auto input = one_input(item);
        if (!input) return std::nullopt;
        inputs.push_back(std::move(*input));
    }
    return inputs;
}

}  // namespace

std::expected<EmbeddingRequest, ApiError> read_embedding(const json::object& body) {
    Fields fields(body);
    EmbeddingRequest request;
    const auto* input = fields.find("input");
    auto inputs = input == nullptr ? std::nullopt : all_inputs(*input);
    if (!inputs) {
        fields.refuse("input", "'input' must be a text that is not empty, a list of token ids, or a list of those.");
    } else if (inputs->size() > max_inputs) {
        fields.refuse("input", fmt::format("'input' takes {} texts at most.", max_inputs));
    } else {
        request.inputs = std::move(*inputs);
    }
    if (const auto* format = fields.find("encoding_format")) {
        if (*format == "base64")
            request.encoding = EmbeddingEncoding::base64;
        else if (*format != "float")
            fields.refuse("encoding_format", "'encoding_format' must be float or base64.");
    }
    if (fields.error()) return std::unexpected(*fields.error());
    return request;
}

std::expected<std::string, ApiError> read_tokenize(const json::object& body) {
    const auto* content = Fields(body).find("content");
    if (content == nullptr || !content->is_string()) {
        return std::unexpected(invalid_param("content", "'content' must be a text."));
    }
    return std::string(content->get_string());
}

std::expected<TokenIdList, ApiError> read_detokenize(const json::object& body) {
    const auto* tokens = Fields(body).find("tokens");
    auto ids = tokens != nullptr && tokens->is_array() ? token_ids(tokens->get_array()) : std::nullopt;
    if (!ids) return std::unexpected(invalid_param("tokens", "'tokens' must be a list of token ids."));
    return std::move(*ids);
}

}  // namespace rbees::engine
