#include "rbees/daemon/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace rbees::daemon {
namespace {

using testing::HasSubstr;

/// A program with one flag of its own, in a home of its own.
class CommandLineTest : public testing::Test {
  protected:
    CommandLineTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "rbees-line-XXXXXX").native();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder = pattern;
        line.app().add_flag("--fly", flies, "Whether it flies");
        line.add_home();
        line.add_option("--listen", "pool.listen", "HOST:PORT");
    }
    ~CommandLineTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    std::expected<void, EarlyExit> parse(std::vector<const char*> words) {
        words.insert(words.begin(), "bee");
        return line.parse(static_cast<int>(words.size()), words.data());
    }

    [[nodiscard]] std::expected<Configured, EarlyExit> configure() const {
        return line.configure([](const std::string&) { return std::nullopt; });
    }

    std::filesystem::path folder;
    bool flies = false;
    CommandLine line{{"bee", "Makes honey.", "1.2.3"}};
};

TEST_F(CommandLineTest, HelpShowsThePurposeAndDescribesAnOptionLikeItsTable) {
    const auto help = parse({"--help"});

    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().code, ExitCode::ok);
    for (const auto* piece : {"Makes honey.", "--fly", "--home DIR", "--config PATH", "--version", "--listen HOST:PORT",
                              "Where pool-managerd", "(option pool.listen)"}) {
        EXPECT_THAT(help.error().text, HasSubstr(piece));
    }
}

TEST_F(CommandLineTest, AnUnknownWordIsToldBeforeWhatIsMissing) {
    std::string hive;
    line.app().add_option("--hive", hive, "Where it lives")->required();

    const auto mistyped = parse({"--hvie", "tree"});
    const auto missing = parse({"--fly"});

    ASSERT_FALSE(mistyped);
    EXPECT_EQ(mistyped.error().code, ExitCode::usage);
    EXPECT_THAT(mistyped.error().text, HasSubstr("--hvie"));
    EXPECT_THAT(mistyped.error().text, testing::Not(HasSubstr("--hive")));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text, HasSubstr("--hive is required"));
}

TEST_F(CommandLineTest, VersionIsOneLine) {
    const auto version = parse({"--version"});

    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().code, ExitCode::ok);
    EXPECT_EQ(version.error().text, "bee 1.2.3\n");
}

TEST_F(CommandLineTest, AMistakeNamesTheProgramAndItsHelp) {
    const auto mistake = parse({"--flyy"});

    ASSERT_FALSE(mistake);
    EXPECT_EQ(mistake.error().code, ExitCode::usage);
    EXPECT_THAT(mistake.error().text, testing::StartsWith("bee: "));
    EXPECT_THAT(mistake.error().text, HasSubstr("--flyy"));
    EXPECT_THAT(mistake.error().text, HasSubstr("Run bee --help for more information.\n"));
}

TEST_F(CommandLineTest, AFlagIsStrongerThanTheConfigurationFile) {
    std::ofstream(folder / "config.toml") << "pool.listen = \"127.0.0.1:1\"\nthreads = 3\n";
    const auto home = folder.native();

    ASSERT_TRUE(parse({"--fly", "--home", home.c_str(), "--listen", "127.0.0.1:2"}));
    const auto configured = configure();

    ASSERT_TRUE(configured) << configured.error().text;
    EXPECT_TRUE(flies);
    EXPECT_EQ(configured->home.state, folder / "state");
    EXPECT_EQ(configured->config.text("pool.listen"), "127.0.0.1:2");
    EXPECT_EQ(configured->config.integer("threads"), 3);
}

TEST_F(CommandLineTest, ANamedConfigurationFileIsReadInsteadAndMustBeThere) {
    std::ofstream(folder / "other.toml") << "threads = 4\n";
    const auto home = folder.native();
    const auto there = (folder / "other.toml").native();

    ASSERT_TRUE(parse({"--home", home.c_str(), "--config", there.c_str()}));
    EXPECT_EQ(configure()->config.integer("threads"), 4);
    EXPECT_EQ(line.home_flags(), (std::vector<std::string>{"--home", home, "--config", there}));

    std::filesystem::remove(there);
    const auto missing = configure();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ExitCode::usage);
    EXPECT_THAT(missing.error().text, HasSubstr("other.toml"));
}

}  // namespace
}  // namespace rbees::daemon
