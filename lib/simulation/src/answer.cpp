#include "answer.hpp"

#include <fmt/format.h>

#include "rbees/simulation/random.hpp"

namespace rbees::simulation {

PlannedAnswer::PlannedAnswer(const reflect::json::object& request) {
    const auto& messages = request.at("messages").as_array();
    const auto& text = messages.at(0).as_object().at("content").as_string();
    seed_ = request.at("seed").to_number<std::uint32_t>();
    tokens_max_ = request.at("max_tokens").to_number<std::uint64_t>();
    key_ = fnv1a(seed_, fnv1a(std::string_view(text.data(), text.size())));
    length_ = 1 + key_ % tokens_max_;
    is_continuable_ = text.find(whole_word) == reflect::json::string::npos;
}

std::int32_t PlannedAnswer::id(std::uint64_t index) const {
    return static_cast<std::int32_t>(fnv1a(index, key_) & 0xffff);
}

std::string PlannedAnswer::text(std::uint64_t index) const {
    return fmt::format("{:x} ", id(index));
}

contracts::Usage PlannedAnswer::usage() const {
    return {Tokens(prompt_tokens), Tokens(length_), Tokens(prompt_tokens + length_)};
}

}  // namespace rbees::simulation
