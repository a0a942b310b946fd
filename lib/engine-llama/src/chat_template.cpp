#include "chat_template.hpp"

#include <chat.h>
#include <fmt/format.h>

#include <exception>
#include <optional>

#include "load_refusal.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"

namespace rbees::engine {
namespace {

constexpr auto remedy = "correct the file, or leave it out to use the model's own template";

/// Why llama.cpp cannot use it; nothing if it can.
std::optional<std::string> fault_of(const std::string& text) {
    try {
        const auto templates = common_chat_templates_init(nullptr, text);
        common_chat_templates_inputs inputs;
        auto& message = inputs.messages.emplace_back();
        message.role = "user";
        message.content = "Hello";
        (void)common_chat_templates_apply(templates.get(), inputs);
        return std::nullopt;
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

std::expected<std::string, LoadError> read_chat_template(const LoadPlan& plan, Kind kind) {
    const auto& path = plan.chat_template;
    if (path.empty()) return std::string();
    if (kind != Kind::chat) {
        return refuse_load(LoadErrorKind::failed, fmt::format("{} is no chat model", plan.model_path),
                           fmt::format("leave out its chat template {}", path));
    }
    auto text = read_file(path, chat_template_max);
    if (!text) return refuse_load(LoadErrorKind::failed, text.error().message, remedy);
    if (text->empty()) return refuse_load(LoadErrorKind::failed, fmt::format("{} is empty", path), remedy);
    if (const auto fault = fault_of(*text)) {
        return refuse_load(LoadErrorKind::failed,
                           fmt::format("{} is no chat template that llama.cpp can use: {}", path, *fault), remedy);
    }
    return std::move(*text);
}

std::string hash_with(const std::string& model_hash, const std::string& chat_template) {
    return chat_template.empty() ? model_hash : to_hex(sha256(model_hash + "\n" + chat_template));
}

}  // namespace rbees::engine
