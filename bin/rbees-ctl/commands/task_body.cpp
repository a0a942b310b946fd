#include "commands/task_body.hpp"

#include <chrono>
#include <filesystem>
#include <utility>

#include "commands/input.hpp"

namespace rbees::ctl {
namespace {

using reflect::json::object;

/// For a task that says nothing of it.
constexpr std::int64_t max_tokens_usual = 1024;

Checked<object> start_of(Session& session, const Arguments& arguments) {
    const auto prompt = arguments.text("PROMPT");
    const auto file = arguments.text("--file");
    if (prompt.has_value() == file.has_value()) {
        return usage_error(
            file ? "give either PROMPT or --file, not both" : "`rbees jobs submit` needs PROMPT or --file",
            "see `rbees jobs submit --help`");
    }
    if (file) return read_json_file(session, "--file", *file);
    auto text = read_prompt(session, *prompt, "rbees jobs submit \"Why is the sky blue?\"");
    if (!text) return std::unexpected(text.error());
    return object{{"prompt", std::move(*text)}, {"max_tokens", max_tokens_usual}};
}

Checked<void> add_schema(Session& session, const std::string& path, object& body) {
    auto schema = read_json_file(session, "--json-schema", path);
    if (!schema) return std::unexpected(schema.error());
    auto name = std::filesystem::path(path).stem().string();
    if (name.empty() || name == "-") name = "answer";
    body["response_format"] = {{"type", "json_schema"},
                               {"json_schema", {{"name", name}, {"strict", true}, {"schema", std::move(*schema)}}}};
    return {};
}

}  // namespace

Checked<std::string> task_body(Session& session, const Arguments& arguments) {
    auto body = start_of(session, arguments);
    if (!body) return std::unexpected(body.error());
    if (const auto model = arguments.text("--model")) (*body)["model"] = *model;
    if (const auto most = arguments.whole_number("--max-tokens")) (*body)["max_tokens"] = *most;
    if (const auto priority = arguments.text("--priority")) (*body)["priority"] = *priority;
    if (const auto chosen = arguments.text("--session")) (*body)["session_id"] = *chosen;
    if (const auto warmth = arguments.number("--temperature")) (*body)["temperature"] = *warmth;
    if (const auto seed = arguments.whole_number("--seed")) (*body)["seed"] = *seed;
    if (const auto span = arguments.duration("--deadline")) {
        (*body)["deadline_ms"] = std::chrono::ceil<std::chrono::milliseconds>(*span).count();
    }
    if (const auto path = arguments.text("--json-schema")) {
        if (auto added = add_schema(session, *path, *body); !added) return std::unexpected(added.error());
    }
    return reflect::to_text(std::move(*body));
}

}  // namespace rbees::ctl
