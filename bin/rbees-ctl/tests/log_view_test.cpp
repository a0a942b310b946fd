#include "house/log_view.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "rbees/daemon/log_file.hpp"
#include "support.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

TEST(LogLine, IsReadableAndAnythingElseStaysAsItIs) {
    EXPECT_EQ(render_log_line(R"({"ts":"2026-11-21T11:23:38.120Z","lvl":"warning","mod":"fleet","msg":"node lost",)"
                              R"("node":"tower","missed":3})",
                              Colour::off),
              "11:23:38.120 WARNING fleet: node lost node=tower missed=3");
    EXPECT_EQ(render_log_line("terminate called", Colour::off), "terminate called");
    EXPECT_EQ(render_log_line("[1,2]", Colour::off), "[1,2]");
}

TEST_F(CommandTest, LogsShowTheLastLinesAndWhatIsAdded) {
    const auto file = folder / "orcd.log";
    std::ofstream(file) << "one\ntwo\nthree\n";
    LogFollower follower(file);

    EXPECT_EQ(last_lines(file, 2).value(), (std::vector<std::string>{"two", "three"}));
    std::ofstream(file, std::ios::app) << "four\nfi";
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"four"}));
    std::ofstream(file, std::ios::app) << "ve\n";
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"five"}));
    std::ofstream(file) << "new\n";
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"new"}));
}

class RotatedLogTest : public CommandTest {
  protected:
    void append(const std::string& text) const { std::ofstream(log, std::ios::app) << text; }

    /// What a daemon does when its log is full.
    void set_aside() const { daemon::set_aside_if_full(log, {.size = Bytes(1), .keep = 3}); }

    std::filesystem::path log = folder / "orcd.log";
};

TEST_F(RotatedLogTest, FollowingMissesNothingHoweverOftenTheLogIsSetAside) {
    append("zero\n");
    LogFollower follower(log);

    append("one\n");
    set_aside();
    append("two\n");
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"one", "two"}));

    append("three\n");
    set_aside();
    append("four\n");
    set_aside();
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"three"}));  // the new log is not there yet
    append("five\n");
    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"four", "five"}));
}

TEST_F(RotatedLogTest, FollowingGoesOnAtTheOldestFileWhereItsOwnWasDeleted) {
    append("zero\n");
    LogFollower follower(log);
    for (const auto* line : {"one\n", "two\n", "three\n", "four\n"}) {
        set_aside();
        append(line);
    }

    EXPECT_EQ(follower.new_lines(), (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST_F(RotatedLogTest, FollowingALogThatIsNotThereYetBeginsAtItsBeginning) {
    LogFollower follower(log);
    EXPECT_TRUE(follower.new_lines().empty());

    append("one\n");

    EXPECT_EQ(follower.new_lines(), std::vector<std::string>{"one"});
}

TEST_F(RotatedLogTest, TheLastLinesReachBackIntoWhatWasSetAside) {
    append("one\ntwo\n");
    set_aside();
    append("three\n");
    set_aside();
    append("four\n");

    EXPECT_EQ(last_lines(log, 3).value(), (std::vector<std::string>{"two", "three", "four"}));
    EXPECT_EQ(last_lines(log, 1).value(), std::vector<std::string>{"four"});
    EXPECT_EQ(last_lines(log, 99).value().size(), 4U);
}

TEST_F(CommandTest, OrchestratorLogsReadTheHomesLog) {
    std::filesystem::create_directories(home().logs);
    std::ofstream(home().logs / "orcd.log")
        << R"({"ts":"2026-11-21T11:23:38.120Z","lvl":"info","mod":"main","msg":"up"})"
        << "\n";

    EXPECT_EQ(run({"orchestrator", "logs"}).out, "11:23:38.120 INFO    main: up\n");
    EXPECT_THAT(run({"orchestrator", "logs", "--json"}).out, HasSubstr(R"("msg":"up")"));
}

}  // namespace
}  // namespace rbees::ctl
