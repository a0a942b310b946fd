#include "command.hpp"

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

std::expected<CommandResult, std::string> run(std::vector<std::string> words, Duration limit = 20s) {
    return run_command({std::move(words), {"PATH=/usr/bin:/bin", "WHO=me"}, limit});
}

TEST(Command, KeepsBothStreamsAndTheExitCode) {
    const auto result = run({"sh", "-c", "echo out $WHO; echo err >&2; exit 3"});

    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(result->exit_code, 3);
    EXPECT_EQ(result->out, "out me\n");
    EXPECT_EQ(result->err, "err\n");
    EXPECT_TRUE(result->let_go);
}

TEST(Command, TellsASignalAsAShellDoes) {
    const auto result = run({"sh", "-c", "kill -TERM $$"});

    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(result->exit_code, 128 + 15);
}

TEST(Command, HasAnEmptyStdin) {
    const auto result = run({"cat"});

    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(result->out, "");
}

TEST(Command, ReadsMoreThanAPipeHolds) {
    const auto result = run({"head", "-c", "1000000", "/dev/zero"});

    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(result->out.size(), 1'000'000U);
}

TEST(Command, NoticesWhoStillHoldsItsOutput) {
    const auto result = run({"sh", "-c", "echo started; tail -f /dev/null --pid=$PPID & echo $! "});

    ASSERT_TRUE(result) << result.error();
    EXPECT_FALSE(result->let_go);
    EXPECT_TRUE(result->out.starts_with("started\n"));
    (void)run({"kill", result->out.substr(8, result->out.size() - 9)});
}

TEST(Command, IsEndedAtItsLimit) {
    const auto result = run({"tail", "-f", "/dev/null"}, 100ms);

    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().contains("did not end within 100 ms")) << result.error();
}

TEST(Command, ThatIsNotThereIsAnError) {
    const auto result = run({"no-such-program"});

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), "cannot run no-such-program: No such file or directory");
}

TEST(SplitWords, UnderstandsBothQuotesAndEmptyWords) {
    EXPECT_EQ(split_words("rbees  run 'a  b' \"it's\" '' x'y'z"),
              (std::vector<std::string>{"rbees", "run", "a  b", "it's", "", "xyz"}));
}

TEST(SplitWords, RefusesAnOpenQuoteAndNothing) {
    EXPECT_TRUE(split_words("rbees 'run").error().contains("not closed"));
    EXPECT_FALSE(split_words("  "));
}

}  // namespace
}  // namespace rbees::bdd
