#include "chat_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine_reading.hpp"
#include "models.hpp"

namespace rbees::engine::testing {
namespace {

using ::testing::HasSubstr;

class ChatTemplateTest : public ::testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    LoadPlan plan_with(const std::string& text) const {
        std::ofstream(folder / "own.jinja") << text;
        return {.model_path = "any.gguf", .chat_template = folder / "own.jinja"};
    }

    static std::string complaint(const std::expected<std::string, LoadError>& read) {
        return read ? "nothing" : describe(read.error().failure);
    }

    const std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) / ("chat-template-" + std::to_string(::getpid()));
};

TEST_F(ChatTemplateTest, IsReadAsItStands) {
    const std::string text = "{% for message in messages %}{{ message.content }}{% endfor %}";

    EXPECT_EQ(read_chat_template(plan_with(text), Kind::chat), text);
    EXPECT_EQ(read_chat_template({.model_path = "any.gguf"}, Kind::chat), "");
}

TEST_F(ChatTemplateTest, IsRefusedWithItsFileAndTheReason) {
    const auto chat = [&](const LoadPlan& plan) { return complaint(read_chat_template(plan, Kind::chat)); };

    EXPECT_THAT(chat({.model_path = "any.gguf", .chat_template = "/nowhere.jinja"}), HasSubstr("/nowhere.jinja"));
    EXPECT_THAT(chat(plan_with("")), HasSubstr("own.jinja is empty"));
    EXPECT_THAT(chat(plan_with("{% for message in")), HasSubstr("own.jinja is no chat template"));
    EXPECT_THAT(chat(plan_with("{{ raise_exception('no users') }}")), HasSubstr("no users"));
    EXPECT_THAT(complaint(read_chat_template(plan_with("x"), Kind::embedding)), HasSubstr("is no chat model"));
    EXPECT_THAT(chat(plan_with(std::string(chat_template_max.value + 1, 'x'))), HasSubstr("own.jinja"));
}

TEST_F(ChatTemplateTest, MakesAnotherModelOfIt) {
    EXPECT_EQ(hash_with("abc", ""), "abc");
    EXPECT_NE(hash_with("abc", "x"), "abc");
    EXPECT_NE(hash_with("abc", "x"), hash_with("abc", "y"));
    EXPECT_EQ(hash_with("abc", "x").size(), 64U);
}

TEST_F(ChatTemplateTest, IsUsedInsteadOfTheModelsOwn) {
    const auto engine = tools_engine();
    if (!engine) GTEST_SKIP() << no_model;

    const auto reply =
        ask(*engine, Operation::apply_template,
            R"({"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function",)"
            R"("function":{"name":"count","arguments":"{\"n\":1}"}}]},{"role":"user","content":"Hello"}],)"
            R"("tools":[{"type":"function","function":{"name":"count"}}]})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const std::string prompt(reply.json().at("prompt").as_string());
    EXPECT_THAT(prompt, HasSubstr("You may call these functions"));
    EXPECT_THAT(prompt, HasSubstr("<tool_call>\n{\"name\": \"count\", \"arguments\": {\"n\": 1}}\n</tool_call>"));
    EXPECT_TRUE(engine->capabilities().tools);
    EXPECT_NE(engine->capabilities().model_hash, "test");
}

}  // namespace
}  // namespace rbees::engine::testing
