#include "members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <string>
#include <string_view>

namespace rbees::engine {
namespace json = boost::json;
namespace {

/// `chat_parser` and `grammar_triggers` can abort the process; the others change what the answer is made of.
constexpr std::array internal_members = {"backend_sampling",
                                         "chat_format",
                                         "chat_parser",
                                         "generation_prompt",
                                         "grammar_lazy",
                                         "grammar_triggers",
                                         "grammar_type",
                                         "id_slot",
                                         "lora",
                                         "message_delimiters",
                                         "n_cache_reuse",
                                         "n_cmpl",
                                         "parse_tool_calls",
                                         "preserved_tokens",
                                         "reasoning_budget_end_tag",
                                         "reasoning_budget_end_tags",
                                         "reasoning_budget_start_tag",
                                         "return_progress",
                                         "sse_ping_interval",
                                         "verbose"};

std::expected<void, ApiError> check_penalty(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    if (value->is_int64() && value->get_int64() >= 0 && value->get_int64() <= max_penalty_tokens) return {};
    return std::unexpected(invalid_param(
        std::string(name), fmt::format("'{}' must be an integer from 0 to {}.", name, max_penalty_tokens)));
}

/// Names, or one letter for each: "infill" compares every pair of tokens of the vocabulary.
std::expected<void, ApiError> check_samplers(const json::object& body) {
    const auto* samplers = body.if_contains("samplers");
    if (samplers == nullptr) return {};
    const auto* letters = samplers->if_string();
    const auto* names = samplers->if_array();
    const bool has_infill = (letters != nullptr && letters->find('i') != json::string::npos) ||
                            (names != nullptr && std::ranges::find(*names, json::value("infill")) != names->end());
    if (!has_infill) return {};
    return std::unexpected(invalid_param("samplers", "'samplers' takes every sampler of llama.cpp but infill."));
}

void make_finite(json::value& bias) {
    if (const auto* flag = bias.if_bool(); flag != nullptr && !*flag) bias = -strongest_bias;
    if (bias.is_number()) bias = finite_bias(bias.to_number<float>());
}

void make_biases_finite(json::value& biases) {
    if (auto* object = biases.if_object()) {
        for (auto& [token, bias] : *object)
            make_finite(bias);
    }
    if (auto* list = biases.if_array()) {
        for (auto& item : *list) {
            if (auto* pair = item.if_array(); pair != nullptr && pair->size() == 2) make_finite((*pair)[1]);
        }
    }
}

}  // namespace

std::expected<void, ApiError> admit_members(json::object& body) {
    for (const auto* name : internal_members)
        body.erase(name);
    for (const auto* name : {"repeat_last_n", "dry_penalty_last_n"}) {
        if (auto checked = check_penalty(body, name); !checked) return checked;
    }
    if (auto checked = check_samplers(body); !checked) return checked;
    if (auto* biases = body.if_contains("logit_bias")) make_biases_finite(*biases);
    return {};
}

float finite_bias(float bias) {
    if (std::isnan(bias)) return 0;
    return std::clamp(bias, -strongest_bias, strongest_bias);
}

}  // namespace rbees::engine
