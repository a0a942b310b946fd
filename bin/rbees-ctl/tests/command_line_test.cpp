#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "cli/parser.hpp"
#include "support.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> split(std::string_view words) {
    std::istringstream stream{std::string(words)};
    return {std::istream_iterator<std::string>(stream), {}};
}

TEST_F(CommandTest, EveryCommandExplainsItselfWithExamplesFirst) {
    for (const auto& command : commands()) {
        auto words = split(command.words);
        words.emplace_back("--help");

        const auto ran = run(words);

        EXPECT_EQ(ran.exit, 0) << command.words;
        EXPECT_THAT(ran.out, StartsWith("rbees " + std::string(command.words)));
        EXPECT_LT(ran.out.find("Examples:"), ran.out.find("Usage:")) << command.words;
        EXPECT_GE(command.examples.size(), 2U) << command.words;
        EXPECT_LE(command.examples.size(), 4U) << command.words;
        EXPECT_EQ(ran.err, "");
    }
}

TEST_F(CommandTest, EveryCommandHasAHandlerAndNamesNothingTwice) {
    std::set<std::string_view> seen;
    for (const auto& command : commands()) {
        EXPECT_NE(command.run, nullptr) << command.words;
        EXPECT_TRUE(seen.insert(command.words).second) << command.words;
    }
}

TEST_F(CommandTest, GroupsAndTopicsHaveHelpToo) {
    EXPECT_THAT(run({"models", "--help"}).out, HasSubstr("models pull"));
    EXPECT_THAT(run({"help", "models", "pull"}).out, StartsWith("rbees models pull"));
    EXPECT_THAT(run({"help", "exit-codes"}).out, HasSubstr("130"));
    EXPECT_THAT(run({"help", "environment"}).out, HasSubstr("RBEES_TOKEN"));
    EXPECT_THAT(run({"help", "files"}).out, HasSubstr("admin.token"));
    EXPECT_EQ(run({"help", "exit-code"}).exit, 2);
    EXPECT_THAT(run({"help", "exit-code"}).err, HasSubstr("rbees help exit-codes"));
}

TEST_F(CommandTest, WithoutACommandItExplainsItselfOnStderrAndEnds) {
    const auto ran = run({});

    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("rbees up"));
}

TEST_F(CommandTest, ThereIsNoInteractiveMode) {
    for (const std::string word : {"chat", "repl", "interactive", "shell"}) {
        const auto ran = run({word}, "hello\n");

        EXPECT_EQ(ran.exit, 2) << word;
        EXPECT_EQ(ran.out, "") << word;
        EXPECT_THAT(ran.err, HasSubstr("there is no command '" + word + "'"));
    }
}

TEST_F(CommandTest, MistypedWordsGetASuggestion) {
    EXPECT_THAT(run({"statsu"}).err, HasSubstr("did you mean `rbees status`?"));
    EXPECT_THAT(run({"models", "pul", "x"}).err, HasSubstr("did you mean `rbees models pull`?"));
    EXPECT_THAT(run({"run", "--modle", "x", "hi"}).err, HasSubstr("did you mean `--model`?"));
    EXPECT_EQ(run({"run", "--modle", "x", "hi"}).exit, 2);
    EXPECT_EQ(run({"--jsn"}).exit, 2);
}

TEST_F(CommandTest, AWrongCommandLineIsRefusedBeforeAnythingIsDone) {
    EXPECT_EQ(run({"status", "--colour"}).exit, 2);
    EXPECT_THAT(run({"status", "--colour"}).err, HasSubstr("--colour"));
    EXPECT_EQ(run({"models"}).exit, 2);
    EXPECT_EQ(run({"run"}).exit, 2);
    EXPECT_EQ(run({"models", "pull", "a", "b"}).exit, 2);
    EXPECT_EQ(run({"run", "--max-tokens", "many", "hi"}).exit, 2);
    EXPECT_EQ(run({"run", "--max-tokens", "0", "hi"}).exit, 2);
    EXPECT_EQ(run({"run", "--temperature", "-1", "hi"}).exit, 2);
    EXPECT_EQ(run({"run", "  "}).exit, 2);
    EXPECT_EQ(run({"run", "\xff"}).exit, 2);
    EXPECT_EQ(run({"down", "--timeout", "30"}).exit, 2);
    EXPECT_EQ(run({"down", "--timeout", "0s"}).exit, 2);
    EXPECT_THAT(run({"tokens", "create", "x", "--expires", "0s"}).err,
                HasSubstr("--expires 0s: must be longer than 0s"));
    EXPECT_EQ(run({"up", "--listen", "nowhere"}).exit, 2);
    EXPECT_EQ(run({"up", "--listen", "0.0.0.0:8080"}).exit, 2);
    EXPECT_FALSE(std::filesystem::exists(home().state));
    EXPECT_EQ(run({"tokens", "create", "x", "--role", "king"}).exit, 2);
    EXPECT_EQ(run({"completion", "tcsh"}).exit, 2);
    EXPECT_FALSE(std::filesystem::exists(home().state));
}

TEST_F(CommandTest, DeletingNeedsYesWhereNobodyCanAnswer) {
    const auto ran = run({"models", "rm", "smollm2"}, "y\n");

    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("--yes"));
}

TEST_F(CommandTest, ErrorsAreJsonForPrograms) {
    const auto parse_error = run({"statsu", "--json"});
    const auto run_error = run({"--format", "json", "models", "list"});

    EXPECT_THAT(parse_error.err, StartsWith(R"({"code":"USAGE","message":)"));
    EXPECT_THAT(run_error.err,
                StartsWith(R"({"code":"NOT_RUNNING","message":"rbees was never started with this home: )"));
    EXPECT_EQ(run_error.exit, 1);
}

TEST_F(CommandTest, AHouseThatIsDownSaysHowToStartIt) {
    variables["RBEES_LISTEN"] = "127.0.0.1:1";
    std::filesystem::create_directories(home().state);

    for (const auto* words : {"run hello", "models list", "orchestrator health", "status"}) {
        const auto ran = run(split(words));

        EXPECT_EQ(ran.exit, 1) << words;
        EXPECT_THAT(ran.err, HasSubstr("start it with: rbees up")) << words;
    }
    EXPECT_EQ(run({"down"}).exit, 0);
}

TEST_F(CommandTest, StatusAsJsonHasItsShapeAlsoWhenNothingRuns) {
    variables["RBEES_LISTEN"] = "127.0.0.1:1";

    const auto ran = run({"status", "--json"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.out, R"({"url":"http://127.0.0.1:1","socket":null,"token_file":")" + home().admin_token().native() +
                           "\",\"processes\":[]}\n");
}

TEST_F(CommandTest, ConfigViewShowsEachValueAndWhereItWasSet) {
    std::filesystem::create_directories(home().config);
    std::ofstream(home().config / "config.toml") << "[worker]\nslots = 7\n";
    variables["RBEES_QUEUE_CAPACITY"] = "99";

    const auto table = run({"config", "view"});
    const auto json = run({"config", "view", "--json"});

    EXPECT_THAT(table.out, testing::ContainsRegex("worker.slots +7 +.*config.toml"));
    EXPECT_THAT(table.out, testing::ContainsRegex("queue.capacity +99 +RBEES_QUEUE_CAPACITY"));
    EXPECT_THAT(table.out, testing::ContainsRegex("listen +127.0.0.1:8080 +default"));
    EXPECT_THAT(json.out, HasSubstr(R"({"id":"worker.slots","value":"7","origin":)"));
}

TEST_F(CommandTest, ABrokenConfigurationIsNamedAndNotIgnored) {
    std::filesystem::create_directories(home().config);
    std::ofstream(home().config / "config.toml") << "worker.slot = 7\n";

    const auto ran = run({"config", "view"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("config.toml"));
    EXPECT_THAT(ran.err, HasSubstr("worker.slots"));
}

TEST_F(CommandTest, VersionIsOneLineOrAnObject) {
    EXPECT_THAT(run({"--version"}).out, testing::MatchesRegex("rbees [0-9.]+\n"));
    variables["RBEES_LISTEN"] = "127.0.0.1:1";
    EXPECT_THAT(run({"version", "--json"}).out, HasSubstr(R"("server":null)"));
    EXPECT_EQ(run({"version"}).exit, 0);
}

TEST(Parser, OptionsOfEveryCommandStandAnywhere) {
    for (const auto& words : std::vector<std::vector<std::string>>{{"--home", "models", "models", "pull", "x"},
                                                                   {"models", "--home", "models", "pull", "x"},
                                                                   {"models", "pull", "x", "--home=models"}}) {
        const auto parsed = parse_command_line(words);

        ASSERT_TRUE(parsed) << words.front();
        const auto* invocation = std::get_if<Invocation>(&*parsed);
        ASSERT_NE(invocation, nullptr);
        EXPECT_EQ(invocation->command->words, "models pull");
        EXPECT_EQ(invocation->arguments.text("--home"), "models");
        EXPECT_EQ(invocation->arguments.required("MODEL"), "x");
    }
}

TEST(Parser, WordsOfAPromptAreJoinedAndMayLookLikeOptionsAfterTwoDashes) {
    const auto joined = parse_command_line({"run", "why", "is", "it"});
    const auto dashed = parse_command_line({"run", "-m", "m", "--", "--help", "me"});
    const auto from_stdin = parse_command_line({"run", "-"});

    EXPECT_EQ(std::get<Invocation>(*joined).arguments.required("PROMPT"), "why is it");
    EXPECT_EQ(std::get<Invocation>(*dashed).arguments.required("PROMPT"), "--help me");
    EXPECT_EQ(std::get<Invocation>(*dashed).arguments.text("--model"), "m");
    EXPECT_EQ(std::get<Invocation>(*from_stdin).arguments.required("PROMPT"), "-");
}

TEST(Parser, TheLastOfARepeatedOptionWins) {
    const auto parsed = parse_command_line({"run", "--model", "a", "--model", "b", "hi"});

    EXPECT_EQ(std::get<Invocation>(*parsed).arguments.text("--model"), "b");
}

TEST(Parser, ABracketedPromptIsTextAndNothingElse) {
    const auto parsed = parse_command_line({"run", "[1, 2, 3]", "{}", "\"quoted\""});

    EXPECT_EQ(std::get<Invocation>(*parsed).arguments.required("PROMPT"), "[1, 2, 3] {} \"quoted\"");
}

TEST(Guide, NamesEveryCommandAndEveryOption) {
    const auto guide = read_file(RBEES_CLI_GUIDE);

    ASSERT_TRUE(guide);
    for (const auto& command : commands()) {
        EXPECT_THAT(*guide, HasSubstr("rbees " + std::string(command.words))) << command.words;
        for (const auto& flag : command.flags) {
            EXPECT_THAT(*guide, HasSubstr(flag.name)) << command.words;
        }
    }
    for (const auto& flag : global_flags()) {
        EXPECT_THAT(*guide, HasSubstr(flag.name));
    }
}

}  // namespace
}  // namespace rbees::ctl
