#include "command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace rbees::workerd {
namespace {

using testing::HasSubstr;

std::expected<Settings, EarlyExit> parse(std::vector<const char*> options, bool with_needed = true) {
    std::vector<const char*> arguments{"rbees-workerd"};
    if (with_needed) {
        arguments.insert(arguments.end(),
                         {"--worker-id", "w-1", "--model", "tiny", "--model-path", "sim:tiny", "--port", "8001"});
    }
    arguments.insert(arguments.end(), options.begin(), options.end());
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

std::string complaint(const std::expected<Settings, EarlyExit>& parsed) {
    if (parsed) return "nothing";
    return (parsed.error().code == ExitCode::usage ? "usage: " : "other: ") + parsed.error().text;
}

TEST(CommandLine, NeedsIdModelPathAndPortOnly) {
    const auto settings = parse({});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->worker, WorkerId("w-1"));
    EXPECT_EQ(settings->plan.model_name, "tiny");
    EXPECT_EQ(settings->plan.model_path, "sim:tiny");
    EXPECT_EQ(settings->port, 8001);
    EXPECT_EQ(settings->host, "127.0.0.1");
    EXPECT_EQ(settings->plan.slots, 4U);
    EXPECT_EQ(settings->plan.gpu_layers, -1);
    EXPECT_FALSE(settings->plan.context || settings->plan.threads || settings->plan.batch);
    EXPECT_FALSE(settings->callback || settings->secret_fd);
}

TEST(CommandLine, TakesWhatAPoolManagerSays) {
    const std::string hash(64, 'a');
    const auto settings = parse({"--callback-url", "http://127.0.0.1:9200/v2/internal/workers/ready", "--secret-fd",
                                 "3", "--slots", "8", "--context", "4096", "--threads", "2", "--batch", "64",
                                 "--gpu-layers", "0", "--model-hash", hash.c_str(), "--lease", "5000ms"});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->callback->port, 9200);
    EXPECT_EQ(settings->callback->target, "/v2/internal/workers/ready");
    EXPECT_EQ(settings->secret_fd, 3);
    EXPECT_EQ(settings->plan.slots, 8U);
    EXPECT_EQ(settings->plan.context, Tokens(4096));
    EXPECT_EQ(settings->plan.threads, 2U);
    EXPECT_EQ(settings->plan.batch, 64U);
    EXPECT_EQ(settings->plan.gpu_layers, 0);
    EXPECT_EQ(settings->plan.model_hash, hash);
    EXPECT_EQ(settings->lease, std::chrono::seconds(5));
}

TEST(CommandLine, RefusesWhatIsMissingUnknownOrOutOfRange) {
    EXPECT_THAT(complaint(parse({}, false)), HasSubstr("usage: rbees-workerd: --"));
    EXPECT_THAT(complaint(parse({"--nonsense"})), HasSubstr("nonsense"));
    EXPECT_THAT(complaint(parse({"--nonsense"}, false)), HasSubstr("not expected: --nonsense"));
    EXPECT_THAT(complaint(parse({"--slots", "0"})), HasSubstr("--slots"));
    EXPECT_THAT(complaint(parse({"--slots", "many"})), HasSubstr("--slots"));
    EXPECT_THAT(complaint(parse({"--batch", "8"})), HasSubstr("--batch"));
    EXPECT_THAT(complaint(parse({"--secret-fd", "-1"})), HasSubstr("--secret-fd"));
    EXPECT_THAT(complaint(parse({"--model-hash", "abc"})), HasSubstr("--model-hash"));
    EXPECT_THAT(complaint(parse({"--worker-id", "a b"})), HasSubstr("--worker-id"));
    EXPECT_THAT(complaint(parse({"--port", "70000"})), HasSubstr("--port"));
    EXPECT_THAT(complaint(parse({"--lease", "60"})), HasSubstr("--lease"));
    EXPECT_THAT(complaint(parse({"--lease", "999ms"})), HasSubstr("at least 1 s"));
}

TEST(CommandLine, TakesHowManyLayersLieOnAGpu) {
    EXPECT_EQ(parse({"--gpu-layers", "-2"})->plan.gpu_layers, -2);
    EXPECT_EQ(parse({"--gpu-layers", "-1"})->plan.gpu_layers, -1);
    EXPECT_THAT(complaint(parse({"--gpu-layers", "-3"})), HasSubstr("--gpu-layers"));
}

TEST(CommandLine, TakesAChatTemplateForAModelFileOnly) {
    const std::vector<const char*> own{"rbees-workerd", "--worker-id", "w-1",    "--model",         "tiny",
                                       "--model-path",  "tiny.gguf",   "--port", "--chat-template", "own.jinja"};
    auto arguments = own;
    arguments.insert(arguments.end() - 2, "8001");

    const auto settings = parse_command_line(static_cast<int>(arguments.size()), arguments.data());

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->plan.chat_template, "own.jinja");
    EXPECT_THAT(complaint(parse({"--chat-template", "own.jinja"})), HasSubstr("--chat-template needs a GGUF file"));
}

TEST(CommandLine, AsksForDevicesAloneOrNotAtAll) {
    const std::array<const char*, 2> alone{"rbees-workerd", "--devices"};

    EXPECT_TRUE(asks_for_devices(2, alone.data()));
    EXPECT_FALSE(asks_for_devices(1, alone.data()));
    EXPECT_THAT(complaint(parse({"--devices"})), HasSubstr("--devices"));
}

TEST(CommandLine, SaysHowMuchIsLogged) {
    const auto settings = parse({"--log-level", "debug", "--log-size", "64KiB", "--log-keep", "0"});

    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->log_level, LogLevel::debug);
    EXPECT_EQ(settings->log_limits.size, kibibytes(64));
    EXPECT_EQ(settings->log_limits.keep, 0U);
    EXPECT_EQ(parse({})->log_level, LogLevel::info);
    EXPECT_EQ(parse({})->log_limits.size, mebibytes(10));
    EXPECT_THAT(complaint(parse({"--log-level", "loud"})), HasSubstr("--log-level"));
    EXPECT_THAT(complaint(parse({"--log-size", "big"})), HasSubstr("--log-size"));
    EXPECT_THAT(complaint(parse({"--log-keep", "-1"})), HasSubstr("--log-keep"));
}

TEST(CommandLine, NeverLeavesLoopback) {
    EXPECT_THAT(complaint(parse({"--host", "0.0.0.0"})), HasSubstr("loopback"));
    EXPECT_THAT(complaint(parse({"--host", "127.example.org"})), HasSubstr("loopback"));
    EXPECT_THAT(complaint(parse({"--callback-url", "http://127.example.org:9200/x"})), HasSubstr("loopback"));
    EXPECT_THAT(complaint(parse({"--callback-url", "http://10.0.0.1:9200/x"})), HasSubstr("loopback"));
    EXPECT_THAT(complaint(parse({"--callback-url", "https://127.0.0.1:9200/x"})), HasSubstr("http://"));
    EXPECT_THAT(complaint(parse({"--callback-url", "127.0.0.1:9200"})), HasSubstr("--callback-url"));
    EXPECT_EQ(complaint(parse({"--host", "::1"})), "nothing");
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
    const auto help = parse({"--help"}, false);
    const auto version = parse({"--version"}, false);

    ASSERT_FALSE(help);
    EXPECT_EQ(help.error().code, ExitCode::ok);
    EXPECT_THAT(help.error().text, HasSubstr("--secret-fd"));
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().code, ExitCode::ok);
    EXPECT_THAT(version.error().text, testing::MatchesRegex("rbees-workerd [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace rbees::workerd
