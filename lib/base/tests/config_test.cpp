#include "rbees/base/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "rbees/base/files.hpp"
#include "temporary_folder.hpp"

namespace rbees {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

constexpr std::array table{
    Option{"listen", OptionKind::text, "127.0.0.1:8080", "", "where to listen"},
    Option{"worker.slots", OptionKind::integer, "4", "1..64", "parallel requests"},
    Option{"heartbeat.interval", OptionKind::duration, "5s", "100ms..1h", "how often a node reports"},
    Option{"cache.limit", OptionKind::bytes, "2GiB", "1MB..", "largest cache"},
    Option{"log.level", OptionKind::choice, "info", "debug|info|warning|error", "what is logged"},
    Option{"engine.flash-attention", OptionKind::flag, "off", "", "use flash attention"},
};

/// A working folder and a home of the test's own. The test runs inside that working folder.
class ConfigTest : public testing::Test {
  protected:
    ConfigTest() {
        fs::create_directories(work_);
        fs::create_directories(home_.config);
        fs::current_path(work_);
    }
    ~ConfigTest() override { fs::current_path(before_); }

    [[nodiscard]] Result<Config> load() const {
        const Environment environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto variable = variables_.find(name);
            return variable == variables_.end() ? std::nullopt : std::optional(variable->second);
        };
        return Config::load(table, home_, environment, flags_);
    }

    static void write(const fs::path& path, std::string_view content) {
        ASSERT_TRUE(write_file_atomically(path, content, FileAccess::everyone));
    }

    [[nodiscard]] std::string failure() const {
        const auto config = load();
        return config ? "loaded" : describe(config.error());
    }

    [[nodiscard]] std::string origin_of(std::string_view name) const {
        const auto config = load();
        for (const auto& [option, value] : config->values()) {
            if (option == name) return value.origin;
        }
        return "absent";
    }

    const fs::path before_ = fs::current_path();
    TemporaryFolder folder_;
    fs::path work_ = folder_ / "work";
    Home home_{
        .config = folder_ / "home", .state = {}, .models = {}, .logs = {}, .secrets = {}, .run = {}, .cache = {}};
    std::map<std::string, std::string> variables_;
    std::map<std::string, std::string> flags_;
};

TEST_F(ConfigTest, DefaultsHoldWhereNothingIsSet) {
    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("listen"), "127.0.0.1:8080");
    EXPECT_EQ(config->integer("worker.slots"), 4);
    EXPECT_EQ(config->duration("heartbeat.interval"), 5s);
    EXPECT_EQ(config->bytes("cache.limit"), Bytes(std::uint64_t{2} << 30));
    EXPECT_EQ(config->text("log.level"), "info");
    EXPECT_FALSE(config->is_on("engine.flash-attention"));
    EXPECT_EQ(origin_of("listen"), "default");
}

TEST_F(ConfigTest, StrongerPlacesWinOverWeakerOnes) {
    write(home_.config / "config.toml", "listen = 'home'");
    EXPECT_EQ(load()->text("listen"), "home");
    EXPECT_EQ(origin_of("listen"), (home_.config / "config.toml").native());

    write(work_ / "rbees.toml", "listen = 'project'");
    EXPECT_EQ(load()->text("listen"), "project");
    EXPECT_EQ(origin_of("listen"), (work_ / "rbees.toml").native());

    write(work_ / ".env", "RBEES_LISTEN=dotenv");
    EXPECT_EQ(load()->text("listen"), "dotenv");
    EXPECT_EQ(origin_of("listen"), (work_ / ".env").native());

    variables_["RBEES_LISTEN"] = "variable";
    EXPECT_EQ(load()->text("listen"), "variable");
    EXPECT_EQ(origin_of("listen"), "RBEES_LISTEN");

    flags_["listen"] = "flag";
    EXPECT_EQ(load()->text("listen"), "flag");
    EXPECT_EQ(origin_of("listen"), "flag");
}

TEST_F(ConfigTest, TomlTablesAreDottedNamesAndValuesKeepTheirKind) {
    write(work_ / "rbees.toml",
          "worker.slots = 8\n[heartbeat]\ninterval = '30s'\n[engine]\nflash-attention = true\n[cache]\nlimit = "
          "5000000\n");

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->integer("worker.slots"), 8);
    EXPECT_EQ(config->duration("heartbeat.interval"), 30s);
    EXPECT_TRUE(config->is_on("engine.flash-attention"));
    EXPECT_EQ(config->bytes("cache.limit"), Bytes(5'000'000));
}

TEST_F(ConfigTest, DotsAndDashesBecomeUnderscoresInVariables) {
    variables_["RBEES_ENGINE_FLASH_ATTENTION"] = "on";
    variables_["RBEES_WORKER_SLOTS"] = "64";

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_TRUE(config->is_on("engine.flash-attention"));
    EXPECT_EQ(config->integer("worker.slots"), 64);
}

TEST_F(ConfigTest, EmptyVariableCountsAsUnset) {
    variables_["RBEES_LISTEN"] = "";
    write(work_ / ".env", "RBEES_WORKER_SLOTS=\n");

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("listen"), "127.0.0.1:8080");
    EXPECT_EQ(config->integer("worker.slots"), 4);
}

TEST_F(ConfigTest, VariablesThatAreNoOptionAreLeftAlone) {
    variables_["RBEES_URL"] = "http://elsewhere";
    write(work_ / ".env", "RBEES_TOKEN=x\nOLLAMA_MODEL=llama3\n");

    EXPECT_EQ(failure(), "loaded");
}

TEST_F(ConfigTest, LastLineOfAnEnvironmentFileWins) {
    write(work_ / ".env", "RBEES_LISTEN=first\nRBEES_LISTEN=last\n");

    EXPECT_EQ(load()->text("listen"), "last");
}

TEST_F(ConfigTest, ValuesKeepTheOrderOfTheTable) {
    const auto config = load();

    ASSERT_TRUE(config);
    ASSERT_EQ(config->values().size(), table.size());
    for (std::size_t at = 0; at < table.size(); ++at) {
        EXPECT_EQ(config->values().at(at).first, table.at(at).name);
    }
}

TEST_F(ConfigTest, UnknownKeyNamesFileLineKeyAndTheNearestOption) {
    write(home_.config / "config.toml", "listen = 'x'\n\n[heartbeat]\nintervall = '3s'\n");

    EXPECT_EQ(failure(), (home_.config / "config.toml").native() +
                             " line 4: unknown option 'heartbeat.intervall' (did you mean 'heartbeat.interval'?)");
}

TEST_F(ConfigTest, UnknownKeyWithNothingNearPointsToTheList) {
    write(work_ / "rbees.toml", "colour = 'green'\n");

    EXPECT_THAT(failure(), testing::EndsWith("unknown option 'colour' (`rbees config view` lists every option)"));
}

TEST_F(ConfigTest, UnknownFlagIsAFailure) {
    flags_["lissten"] = "x";

    EXPECT_EQ(failure(), "flag: unknown option 'lissten' (did you mean 'listen'?)");
}

TEST_F(ConfigTest, BadTomlNamesFileAndLine) {
    write(work_ / "rbees.toml", "listen = 'x'\nworker = = 4\n");

    EXPECT_THAT(failure(), testing::StartsWith((work_ / "rbees.toml").native() + " line 2: "));
}

TEST_F(ConfigTest, ListInTomlIsAFailure) {
    write(work_ / "rbees.toml", "listen = ['a', 'b']\n");

    EXPECT_THAT(failure(), testing::HasSubstr("line 1: listen is neither text nor a number nor true or false"));
}

TEST_F(ConfigTest, TomlThatNestsWithoutEndIsAFailure) {
    const auto nested = [](std::size_t levels) {
        std::string text = "a";
        while (--levels != 0) {
            text += ".a";
        }
        return text + " = 1\n";
    };

    write(work_ / "rbees.toml", nested(4'000));
    EXPECT_THAT(failure(), testing::HasSubstr("unknown option 'a.a.a.a"));

    write(work_ / "rbees.toml", nested(1'000'000));
    EXPECT_THAT(failure(), testing::HasSubstr("has more than 4096 dots and brackets"));
}

TEST_F(ConfigTest, ValueOutsideItsRangeNamesPlaceValueAndRange) {
    variables_["RBEES_WORKER_SLOTS"] = "65";
    EXPECT_EQ(failure(), "RBEES_WORKER_SLOTS: worker.slots cannot be set: '65' is outside 1..64");

    variables_ = {{"RBEES_HEARTBEAT_INTERVAL", "99ms"}};
    EXPECT_THAT(failure(), testing::EndsWith("'99ms' is outside 100ms..1h"));

    variables_ = {{"RBEES_CACHE_LIMIT", "10"}};
    EXPECT_THAT(failure(), testing::EndsWith("'10' is outside 1MB.."));
}

TEST_F(ConfigTest, ValueOfAnotherKindSaysWhatIsExpected) {
    variables_ = {{"RBEES_WORKER_SLOTS", "many"}};
    EXPECT_THAT(failure(), testing::HasSubstr("'many' is not a whole number"));

    variables_ = {{"RBEES_WORKER_SLOTS", "99999999999999999999"}};
    EXPECT_THAT(failure(), testing::HasSubstr("is too large"));

    variables_ = {{"RBEES_HEARTBEAT_INTERVAL", "30"}};
    EXPECT_THAT(failure(), testing::HasSubstr("the unit is missing"));

    variables_ = {{"RBEES_LOG_LEVEL", "loud"}};
    EXPECT_THAT(failure(), testing::HasSubstr("'loud' is not one of debug, info, warning, error"));

    variables_ = {{"RBEES_ENGINE_FLASH_ATTENTION", "maybe"}};
    EXPECT_THAT(failure(), testing::HasSubstr("'maybe' is neither on nor off"));
}

TEST_F(ConfigTest, BadValueIsFoundEvenWhereAStrongerPlaceOverridesIt) {
    flags_["worker.slots"] = "2";
    write(home_.config / "config.toml", "[worker]\nslots = 0\n");

    EXPECT_EQ(failure(),
              (home_.config / "config.toml").native() + " line 2: worker.slots cannot be set: '0' is outside 1..64");
}

TEST_F(ConfigTest, BadDefaultOfTheTableIsFoundToo) {
    constexpr std::array bad{Option{"n", OptionKind::integer, "many", "", ""}};

    const auto config = Config::load(bad, home_, [](const std::string&) { return std::nullopt; }, {});

    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message, "default: n cannot be set: 'many' is not a whole number");
}

TEST_F(ConfigTest, NamedFileIsReadInsteadOfTheHomes) {
    write(home_.config / "config.toml", "listen = 'home'");
    write(folder_ / "other.toml", "worker.slots = 9");
    home_.config_instead = folder_ / "other.toml";

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("listen"), "127.0.0.1:8080");
    EXPECT_EQ(config->integer("worker.slots"), 9);
}

TEST_F(ConfigTest, NamedFileThatIsNotThereIsAFailure) {
    home_.config_instead = folder_ / "missing.toml";

    EXPECT_THAT(failure(), testing::HasSubstr("missing.toml: No such file or directory"));
}

TEST_F(ConfigTest, FilesOfTheWorkingFolderThatOthersCouldWriteAreLeftOutWithAWarning) {
    write(work_ / ".env", "RBEES_LISTEN=dotenv\n");
    write(work_ / "rbees.toml", "not = [even, toml");
    fs::permissions(work_ / "rbees.toml", fs::perms::others_write, fs::perm_options::add);

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("listen"), "dotenv");
    EXPECT_THAT(config->warnings(),
                testing::ElementsAre((work_ / "rbees.toml").native() + " is not read: every user may write it"));
}

TEST_F(ConfigTest, AGroupThatIsNotTheUsersOwnIsOthers) {
    write(work_ / ".env", "RBEES_LISTEN=dotenv\n");
    fs::permissions(work_ / ".env", fs::perms::group_write, fs::perm_options::add);
    const auto own = ::getuid();
    if (::chown((work_ / ".env").c_str(), own, own + 1) != 0) GTEST_SKIP() << "only root gives files to other groups";

    EXPECT_THAT(load()->warnings(), testing::ElementsAre(testing::HasSubstr("its group may write it")));

    ASSERT_EQ(::chown((work_ / ".env").c_str(), own, own), 0);
    EXPECT_THAT(load()->warnings(), testing::IsEmpty());
}

TEST_F(ConfigTest, AnotherUsersFileOrLinkInTheWorkingFolderIsLeftOut) {
    constexpr uid_t stranger = 54321;
    write(work_ / "rbees.toml", "listen = 'x'");
    fs::create_symlink(home_.config / "config.toml", work_ / ".env");
    write(home_.config / "config.toml", "");
    if (::chown((work_ / "rbees.toml").c_str(), stranger, stranger) != 0) GTEST_SKIP() << "only root gives files away";
    ASSERT_EQ(::lchown((work_ / ".env").c_str(), stranger, stranger), 0);

    const auto config = load();

    ASSERT_TRUE(config);
    EXPECT_EQ(config->text("listen"), "127.0.0.1:8080");
    EXPECT_THAT(config->warnings(), testing::ElementsAre(testing::HasSubstr(".env is not read: it belongs to another"),
                                                         testing::HasSubstr("rbees.toml is not read: it belongs to")));
}

TEST_F(ConfigTest, RemovedWorkingFolderHasNoFiles) {
    fs::remove_all(work_);

    EXPECT_EQ(failure(), "loaded");
}

using ConfigDeathTest = ConfigTest;

TEST_F(ConfigDeathTest, AskingForAnOptionOutsideTheTableIsABug) {
    const auto config = load();

    EXPECT_DEATH(static_cast<void>(config->text("nothing")), "assertion failed");
    EXPECT_DEATH(static_cast<void>(config->integer("listen")), "assertion failed");
}

}  // namespace
}  // namespace rbees
