/// The parts of rbees-orcd that need no loop and no network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "control/default_model.hpp"
#include "gateway/inspection.hpp"
#include "rbees/base/files.hpp"
#include "restart_policy.hpp"
#include "settings.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;

constexpr Instant start{std::chrono::hours(1)};

TEST(RestartPolicy, StartsAgainUntilFiveStartsInTheWindow) {
    RestartPolicy policy;

    for (std::size_t count = 1; count < RestartPolicy::starts_max; ++count) {
        policy.started(start + std::chrono::seconds(count));
        EXPECT_TRUE(policy.may_restart(start + std::chrono::seconds(count))) << count;
    }
    policy.started(start + std::chrono::seconds(5));

    EXPECT_FALSE(policy.may_restart(start + std::chrono::seconds(5)));
}

TEST(RestartPolicy, ForgetsStartsThatLieBeforeTheWindow) {
    RestartPolicy policy;
    for (int count = 0; count < 20; ++count) {
        policy.started(start + count * std::chrono::seconds(3));
    }

    const auto last = start + std::chrono::seconds(57);

    EXPECT_TRUE(policy.may_restart(last)) << "five starts took twelve seconds";
}

TEST(Inspection, ReadsTheModelsName) {
    EXPECT_EQ(model_named_in(R"({"model":"smollm2","messages":[]})").value(), "smollm2");
    EXPECT_EQ(model_named_in(R"({"messages":[]})").value(), "");
    EXPECT_EQ(model_named_in(R"({"model":null})").value(), "");
}

TEST(Inspection, SaysWhatIsWrongWithABody) {
    const auto broken = model_named_in(R"({"model": )");
    const auto list = model_named_in("[]");
    const auto number = model_named_in(R"({"model":7})");

    for (const auto* answer : {&broken, &list, &number}) {
        ASSERT_FALSE(answer->has_value());
        EXPECT_EQ(answer->error().code, ErrorCode::INVALID_PARAMS);
    }
    EXPECT_THAT(broken.error().detail, testing::HasSubstr("at byte"));
    EXPECT_EQ(list.error().detail, "the body must be a JSON object");
    EXPECT_EQ(number.error().errors.at(0).pointer, "/model");
}

/// A home in a folder of its own, and the command line of a test.
class SettingsTest : public testing::Test {
  protected:
    SettingsTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "rbees-settings-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    ~SettingsTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::expected<Settings, EarlyExit> read(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"rbees-orcd", "--home", folder_.string()});
        std::vector<const char*> argv;
        for (const auto& argument : arguments) {
            argv.push_back(argument.c_str());
        }
        return read_settings(static_cast<int>(argv.size()), argv.data(),
                             [](const std::string&) { return std::nullopt; });
    }

    std::filesystem::path folder_;
};

TEST_F(SettingsTest, ListensOnLoopbackUnlessToldOtherwise) {
    const auto settings = read({});

    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->mode, Mode::serve);
    EXPECT_EQ(settings->listen, (decltype(settings->listen){{"127.0.0.1", 8080}}));
    EXPECT_GE(settings->threads, 1U);
}

TEST_F(SettingsTest, TakesSeveralListeners) {
    const auto settings = read({"--listen", "127.0.0.1:0,[::1]:81,localhost:82"});

    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->listen, (decltype(settings->listen){{"127.0.0.1", 0}, {"::1", 81}, {"localhost", 82}}));
}

TEST_F(SettingsTest, RefusesAListenerThatIsNone) {
    for (const auto* text : {"8080", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:1,,", ","}) {
        const auto settings = read({"--listen", text});

        ASSERT_FALSE(settings.has_value()) << text;
        EXPECT_EQ(settings.error().code, ExitCode::usage) << text;
        EXPECT_THAT(settings.error().text, testing::HasSubstr("HOST:PORT")) << text;
    }
}

TEST_F(SettingsTest, RefusesAListenerBeyondLoopbackAndSaysWhatToDo) {
    for (const auto* text :
         {"0.0.0.0:8080", "[::]:8080", "192.168.1.4:80", "127.0.0.1:1,10.0.0.1:2", "127.evil.example:80"}) {
        const auto settings = read({"--listen", text});

        ASSERT_FALSE(settings.has_value()) << text;
        EXPECT_EQ(settings.error().code, ExitCode::usage) << text;
        EXPECT_THAT(settings.error().text, testing::HasSubstr("beyond loopback")) << text;
        EXPECT_THAT(settings.error().text, testing::HasSubstr("ssh -L")) << text;
    }
}

TEST_F(SettingsTest, RefusesALeaseThatNobodyCouldRenewInTime) {
    std::ofstream(folder_ / "config.toml") << "[tasks]\nlease = \"500ms\"\n";

    const auto settings = read({});

    ASSERT_FALSE(settings.has_value());
    EXPECT_THAT(settings.error().text, testing::HasSubstr("tasks.lease cannot be set: '500ms' is outside 1s.."));
}

TEST_F(SettingsTest, RefusesAnUnknownFlag) {
    const auto settings = read({"--lissten", "127.0.0.1:1"});

    ASSERT_FALSE(settings.has_value());
    EXPECT_EQ(settings.error().code, ExitCode::usage);
    EXPECT_THAT(settings.error().text, testing::HasSubstr("--lissten"));
    EXPECT_THAT(settings.error().text, testing::HasSubstr("--help"));
}

TEST_F(SettingsTest, NamesTheFileOfABadOption) {
    std::ofstream(folder_ / "config.toml") << "[queue]\ncapacity = 0\n";

    const auto settings = read({});

    ASSERT_FALSE(settings.has_value());
    EXPECT_EQ(settings.error().code, ExitCode::usage);
    EXPECT_THAT(settings.error().text, testing::HasSubstr("config.toml"));
}

TEST_F(SettingsTest, PassesHomeAndConfigurationOnToItsChildren) {
    const auto other = (folder_ / "other.toml").string();
    std::ofstream(other) << "threads = 3\n";

    const auto settings = read({"--supervise", "--config", other});

    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->mode, Mode::supervise);
    EXPECT_EQ(settings->threads, 3U);
    EXPECT_EQ(settings->pass_on, (std::vector<std::string>{"--home", folder_.string(), "--config", other}));
}

TEST_F(SettingsTest, TheDefaultModelFollowsTheOptionThenWhatUpKept) {
    std::filesystem::create_directories(folder_ / "state");
    const auto keep = [&](std::string_view text) {
        ASSERT_TRUE(write_file_atomically(folder_ / "state" / "up.json", text, FileAccess::owner_only));
    };
    auto settings = read({}).value();
    DefaultModel model(settings);

    EXPECT_EQ(model.now(), "");
    keep(R"({"model":"a"})");
    EXPECT_EQ(model.now(), "a");
    keep(R"({"model":"b"})");
    EXPECT_EQ(model.now(), "b");
    EXPECT_EQ(model.now(), "b");
    keep("{");
    EXPECT_EQ(model.now(), "");
    keep(R"({"model":"c"})");
    EXPECT_EQ(model.now(), "c");
    std::filesystem::remove(folder_ / "state" / "up.json");
    EXPECT_EQ(model.now(), "");
    settings.default_model = "option";
    EXPECT_EQ(DefaultModel(settings).now(), "option");
}

TEST_F(SettingsTest, HelpAndVersionEndWithoutFault) {
    const auto help = read({"--help"});
    const auto version = read({"--version"});

    EXPECT_EQ(help.error().code, ExitCode::ok);
    EXPECT_THAT(help.error().text, testing::HasSubstr("--listen"));
    EXPECT_EQ(version.error().code, ExitCode::ok);
    EXPECT_THAT(version.error().text, testing::StartsWith("rbees-orcd "));
}

}  // namespace
}  // namespace rbees::orcd
