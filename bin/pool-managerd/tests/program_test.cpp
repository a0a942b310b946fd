/// What people set and start: the configuration in its order, and the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "rbees/base/files.hpp"
#include "rbees/process/executable.hpp"
#include "rbees/process/spawn.hpp"
#include "settings.hpp"
#include "test_house.hpp"

namespace rbees::poold {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using process::ExitStatus;
using testing::HasSubstr;

class PoolConfigurationTest : public testing::Test {
  protected:
    std::expected<Settings, EarlyExit> read(std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.begin(), {"pool-managerd", "--home", house.folder() / "home"});
        std::vector<const char*> argv;
        for (const auto& argument : arguments) {
            argv.push_back(argument.c_str());
        }
        return read_settings(static_cast<int>(argv.size()), argv.data(), environment());
    }

    /// What is said to somebody who made a mistake.
    std::string complaint(const std::vector<std::string>& arguments = {}) {
        const auto settings = read(arguments);
        if (settings) return "no complaint";
        EXPECT_EQ(settings.error().code, ExitCode::usage);
        return settings.error().text;
    }

    void configure(const std::string& text) {
        ASSERT_TRUE(write_file_atomically(house.folder() / "home/config.toml", text, FileAccess::owner_only));
    }

    [[nodiscard]] Environment environment() const {
        return [this](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        };
    }

    TestHome house;
    std::map<std::string, std::string> variables{{"HOME", "/nowhere"}};
};

TEST_F(PoolConfigurationTest, TakesAFlagBeforeTheEnvironmentAndThatBeforeTheFile) {
    configure("[pool]\nlisten = \"127.0.0.1:9301\"\nname = \"from the file\"\n[log]\nlevel = \"error\"\n");
    variables["RBEES_POOL_LISTEN"] = "127.0.0.1:9302";
    variables["RBEES_LOG_LEVEL"] = "warning";

    const auto settings = read({"--listen", "127.0.0.1:9303"});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->listen_port, 9303);
    EXPECT_EQ(settings->log_level, LogLevel::warning);
    EXPECT_EQ(settings->name, "from the file");
}

TEST_F(PoolConfigurationTest, ReachesTheWorkersAndTheDownloads) {
    configure(
        "[worker]\nslots = 2\ncontext = 1000\nthreads = 3\nstart_timeout = \"5s\"\nstop_grace = \"6s\"\nsilence = "
        "\"19s\"\n"
        "[download]\nconnections = 7\nanswer_timeout = \"250ms\"\n[shutdown]\ngrace = \"1s\"\n[tasks]\nlease = "
        "\"7s\"\n");

    const auto settings = read();

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->worker_slots, 2U);
    EXPECT_EQ(settings->worker_context, 1000U);
    EXPECT_EQ(settings->worker_threads, 3U);
    EXPECT_EQ(settings->workers.start_timeout, 5s);
    EXPECT_EQ(settings->workers.stop_grace, 6s);
    EXPECT_EQ(settings->workers.silence, 19s);
    EXPECT_EQ(settings->download_connections, 7U);
    EXPECT_EQ(settings->download_answer_timeout, 250ms);
    EXPECT_EQ(settings->shutdown_grace, 1s);
    EXPECT_EQ(settings->tasks_lease, 7s);
}

TEST_F(PoolConfigurationTest, ComesFromAnotherFileInsteadOfTheHomes) {
    configure("[pool]\nname = \"home\"\n");
    const auto other = house.folder() / "other.toml";
    ASSERT_TRUE(write_file_atomically(other, "[pool]\nname = \"other\"\n", FileAccess::owner_only));

    EXPECT_EQ(read({"--config", other})->name, "other");
    EXPECT_THAT(complaint({"--config", house.folder() / "absent.toml"}), HasSubstr("absent.toml"));
}

TEST_F(PoolConfigurationTest, KnowsWhereProgramsAndRecipesLie) {
    const auto settings = read();
    EXPECT_EQ(settings->worker_program, process::executable_folder().value() / "rbees-workerd");
    EXPECT_TRUE(std::filesystem::exists(settings->recipes / "minilm.sh"));

    variables["RBEES_RECIPES"] = "/elsewhere";
    EXPECT_EQ(read()->recipes, "/elsewhere");
}

TEST_F(PoolConfigurationTest, TakesWhatHuggingFacesOwnToolsTake) {
    EXPECT_EQ(read()->huggingface_endpoint, "https://huggingface.co");
    EXPECT_EQ(read()->huggingface_token, std::nullopt);

    variables["HF_ENDPOINT"] = "http://127.0.0.1:5";
    variables["HF_TOKEN"] = "hf_secret";

    EXPECT_EQ(read()->huggingface_endpoint, "http://127.0.0.1:5");
    EXPECT_EQ(read()->huggingface_token, "hf_secret");
}

TEST_F(PoolConfigurationTest, NamesWhatIsWrongAndWhereItStands) {
    EXPECT_THAT(complaint({"--no-such-flag"}), HasSubstr("--no-such-flag"));
    EXPECT_THAT(complaint({"--log-level", "loud"}), HasSubstr("loud"));

    variables["RBEES_WORKER_SLOTS"] = "0";
    EXPECT_THAT(complaint(), HasSubstr("RBEES_WORKER_SLOTS"));
    variables.erase("RBEES_WORKER_SLOTS");

    configure("[worker]\nslots = \"many\"\n");
    EXPECT_THAT(complaint(), HasSubstr("config.toml"));
    variables["RBEES_WORKER_SILENCE"] = "9999ms";
    configure("");
    EXPECT_THAT(complaint(), HasSubstr("worker.silence cannot be set: '9999ms' is outside 10s.."));
    variables.erase("RBEES_WORKER_SILENCE");

    configure("[tasks]\nlease = \"500ms\"\n");
    EXPECT_THAT(complaint(), HasSubstr("tasks.lease cannot be set: '500ms' is outside 1s.."));
}

TEST_F(PoolConfigurationTest, GivesHelpAndVersionWithSuccess) {
    const auto help = read({"--help"});
    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().code, ExitCode::ok);
    for (const auto* flag : {"--home", "--config", "--listen", "--orchestrator", "--log-level"}) {
        EXPECT_THAT(help.error().text, HasSubstr(flag));
    }

    EXPECT_EQ(read({"--version"}).error().code, ExitCode::ok);
    EXPECT_THAT(read({"--version"}).error().text, HasSubstr("pool-managerd "));
}

class PoolProgramTest : public testing::Test {
  protected:
    process::Process start(std::vector<std::string> arguments) {
        return process::spawn(
                   {.program = RBEES_POOL_MANAGERD,
                    .arguments = std::move(arguments),
                    .environment = {{"RBEES_HOME", house.folder() / "home"}, {"RBEES_CACHE", house.folder() / "cache"}},
                    .log_file = house.folder() / "log",
                    .files = {},
                    .working_folder = {}})
            .value();
    }

    ExitStatus run(std::vector<std::string> arguments) {
        return start(std::move(arguments)).wait_for(std::chrono::seconds(60)).value_or(ExitStatus{});
    }

    [[nodiscard]] std::string log() const { return read_file(house.folder() / "log").value_or(""); }

    static ExitStatus exit_code(int code) { return {ExitStatus::Kind::exited, code}; }

    TestHome house;
    net::IoContext io{1};
};

TEST_F(PoolProgramTest, EndsWithTwoAfterAMistakeAndSaysWhich) {
    EXPECT_EQ(run({"--listen", "0.0.0.0:1"}), exit_code(2));
    EXPECT_THAT(log(), HasSubstr("pool-managerd: pool.listen"));
    EXPECT_EQ(run({"--help"}), exit_code(0));
}

TEST_F(PoolProgramTest, IsOneForAHome) {
    auto first = start({"--listen", "127.0.0.1:0"});
    ASSERT_TRUE(run_until(io, [&] { return std::filesystem::exists(house.home.pool_process()) || !first.is_alive(); }));

    EXPECT_EQ(run({"--listen", "127.0.0.1:0"}), exit_code(1));

    EXPECT_THAT(log(), HasSubstr("pool.lock"));
    EXPECT_TRUE(first.is_alive());
    ASSERT_TRUE(first.terminate());
    EXPECT_EQ(first.wait_for(std::chrono::seconds(60)), exit_code(0)) << log();
    EXPECT_FALSE(std::filesystem::exists(house.home.pool_process()));
}

TEST_F(PoolProgramTest, SaysWhatItCannotWrite) {
    ASSERT_TRUE(write_file_atomically(house.folder() / "file", "no folder", FileAccess::everyone));

    EXPECT_EQ(run({"--home", house.folder() / "file"}), exit_code(1));
    EXPECT_THAT(log(), HasSubstr((house.folder() / "file").native()));
}

}  // namespace
}  // namespace rbees::poold
