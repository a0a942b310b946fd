#pragma once
/// @file
/// The models that the tests load, through the recipes in third_party/models.

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/base/log.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/engine_llama/llama.hpp"

namespace rbees::engine::testing {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool is_thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool is_thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool is_thread_sanitizer = false;
#endif

/// Why a test without its model is skipped; `model_file` says what is missing.
inline constexpr std::string_view no_model = "model: it is not here, for the reason above";

/// The file that a recipe gives, or nothing after saying why the suite is not run.
inline std::optional<std::string> model_file(const std::string& recipe) {
    const auto not_run = [&](const std::string& why) {
        std::printf("not run: engine-llama conformance (%s)\n", why.c_str());
        return std::nullopt;
    };
    if (is_thread_sanitizer) return not_run("llama.cpp and OpenMP are built without ThreadSanitizer");
    const std::unique_ptr<FILE, int (*)(FILE*)> output(popen((RBEES_MODEL_RECIPES "/" + recipe).c_str(), "r"), pclose);
    std::string path;
    char buffer[512];
    while (output && fgets(buffer, sizeof buffer, output.get()) != nullptr)
        path += buffer;
    while (!path.empty() && path.back() == '\n')
        path.pop_back();
    if (path.empty()) return not_run(recipe + " found no source for its model");
    return path;
}

/// Loads a model with what makes a test quick; each process does it once for each recipe and template. A model that is
/// there and cannot be loaded fails the test that asked first.
inline std::shared_ptr<Engine> load_for_test(const std::string& recipe, const std::string& chat_template = {}) {
    const auto file = model_file(recipe);
    if (!file) return nullptr;
    const LoadPlan plan{.model_path = *file,
                        .model_name = recipe.substr(0, recipe.find('.')),
                        .slots = 2,
                        .context = Tokens(chat_template.empty() ? 512 : 1024),
                        .threads = 1,
                        .batch = 64,
                        .gpu_layers = 0,
                        .model_hash = "test",
                        .chat_template = chat_template.empty() ? "" : RBEES_TEST_TEMPLATES "/" + chat_template};
    auto engine = load_llama(plan, {}, Logger());
    if (!engine) {
        ADD_FAILURE() << describe(engine.error().failure);
        return nullptr;
    }
    return std::move(*engine);
}

inline std::shared_ptr<Engine> chat_engine() {
    static const auto engine = load_for_test("smollm2.sh");
    return engine;
}

/// The same model with a template that knows tools.
inline std::shared_ptr<Engine> tools_engine() {
    static const auto engine = load_for_test("smollm2.sh", "tools.jinja");
    return engine;
}

/// The same model with a template that lets it think first, and knows tools.
inline std::shared_ptr<Engine> thinking_engine() {
    static const auto engine = load_for_test("smollm2.sh", "think.jinja");
    return engine;
}

/// The same model with a template whose calls begin with a token of its vocabulary.
inline std::shared_ptr<Engine> token_tools_engine() {
    static const auto engine = load_for_test("smollm2.sh", "token_tools.jinja");
    return engine;
}

/// The same model with a template whose calls are known by the beginning of the answer.
inline std::shared_ptr<Engine> channels_engine() {
    static const auto engine = load_for_test("smollm2.sh", "channels.jinja");
    return engine;
}

inline std::shared_ptr<Engine> embedding_engine() {
    static const auto engine = load_for_test("minilm.sh");
    return engine;
}

}  // namespace rbees::engine::testing
