#include "settings.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "test_house.hpp"

namespace rbees::poold {
namespace {

using testing::HasSubstr;

class SettingsTest : public testing::Test {
  protected:
    [[nodiscard]] std::expected<Settings, EarlyExit> read(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"pool-managerd", "--home", house.folder().native()});
        std::vector<const char*> argv;
        for (const auto& argument : arguments) {
            argv.push_back(argument.c_str());
        }
        return read_settings(static_cast<int>(argv.size()), argv.data(),
                             [](const std::string&) { return std::nullopt; });
    }

    TestHome house;
};

TEST_F(SettingsTest, TakesTheDefaultsOfTheTable) {
    const auto settings = read({});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->listen_host, "127.0.0.1");
    EXPECT_EQ(settings->listen_port, 9200);
    EXPECT_EQ(settings->orchestrator, "");
    EXPECT_FALSE(settings->name.empty());
    EXPECT_EQ(settings->log_limits.keep, 3U);
}

TEST_F(SettingsTest, TakesItsOwnFlags) {
    const auto settings =
        read({"--listen", "[::1]:0", "--orchestrator", "http://127.0.0.1:8080", "--log-level", "debug"});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->listen_host, "::1");
    EXPECT_EQ(settings->listen_port, 0);
    EXPECT_EQ(settings->orchestrator, "http://127.0.0.1:8080");
    EXPECT_EQ(settings->log_level, LogLevel::debug);
}

TEST_F(SettingsTest, RefusesToListenBeyondLoopback) {
    for (const auto* listen : {"0.0.0.0:9200", "127.example.org:9200", "192.168.0.1:9200"}) {
        const auto settings = read({"--listen", listen});

        ASSERT_FALSE(settings) << listen;
        EXPECT_EQ(settings.error().code, ExitCode::usage);
        EXPECT_THAT(settings.error().text, HasSubstr("not a loopback address")) << listen;
    }
}

TEST_F(SettingsTest, RefusesWhatIsNoAddress) {
    EXPECT_THAT(read({"--listen", "9200"}).error().text, HasSubstr("HOST:PORT"));
    EXPECT_THAT(read({"--orchestrator", "127.0.0.1:8080"}).error().text, HasSubstr("http://"));
    EXPECT_THAT(read({"--orchestrator", "https://127.0.0.1:8080"}).error().text, HasSubstr("http://"));
}

TEST_F(SettingsTest, RefusesAnOrchestratorBeyondLoopbackUntilThereIsTls) {
    for (const auto* url : {"http://10.0.0.7:8080", "http://orcd.example.org:8080", "http://127.evil.example:8080"}) {
        const auto settings = read({"--orchestrator", url});

        ASSERT_FALSE(settings) << url;
        EXPECT_EQ(settings.error().code, ExitCode::usage) << url;
        EXPECT_THAT(settings.error().text, HasSubstr("without TLS")) << url;
    }
    EXPECT_EQ(read({"--orchestrator", "http://[::1]:8080"})->orchestrator, "http://[::1]:8080");
}

}  // namespace
}  // namespace rbees::poold
