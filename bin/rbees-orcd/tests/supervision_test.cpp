/// Children that end, cannot be started, or are asked to end, under a supervision of short pauses.

#include "supervision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "rbees/base/files.hpp"
#include "rbees/base/time.hpp"

namespace rbees::orcd {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

constexpr Duration patience = 20s;

class SupervisionTest : public testing::Test {
  protected:
    SupervisionTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "rbees-supervision-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    ~SupervisionTest() override {
        supervision_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// A child that is a shell script; each start adds a line to the file `NAME.starts`.
    [[nodiscard]] Child child(const std::string& name, const std::string& script) const {
        return {.name = name,
                .plan = {.program = "bash",
                         .arguments = {"-c", "echo $$ >> " + (folder_ / (name + ".starts")).native() + "; " + script},
                         .environment = {},
                         .log_file = folder_ / "log",
                         .files = {},
                         .working_folder = {}},
                .down_file = folder_ / (name + ".down")};
    }

    void supervise(std::vector<Child> children) {
        supervision_.emplace(
            io_, std::move(children),
            SupervisionRules{
                .stop_patience = 5s, .retry_pause = 1ms, .is_paused = [this] { return looks_++ < paused_looks_; }},
            Logger());
        supervision_->start();
    }

    [[nodiscard]] std::vector<int> starts(const std::string& name) const {
        std::ifstream file(folder_ / (name + ".starts"));
        return {std::istream_iterator<int>(file), {}};
    }

    [[nodiscard]] std::string down_note(const std::string& name) const {
        return read_file(folder_ / (name + ".down")).value_or("");
    }

    /// Runs the loop until it is so; false after the deadline.
    [[nodiscard]] bool run_until(const std::function<bool()>& is_so) {
        const auto deadline = BootClock::now() + patience;
        while (!is_so() && BootClock::now() < deadline) {
            io_.restart();
            io_.run_for(10ms);
        }
        return is_so();
    }

    void stop() {
        bool has_ended = false;
        supervision_->stop([&] { has_ended = true; });
        EXPECT_TRUE(run_until([&] { return has_ended; }));
    }

    std::filesystem::path folder_;
    net::IoContext io_{1};
    std::optional<Supervision> supervision_;
    int looks_ = 0;
    int paused_looks_ = 0;
};

TEST_F(SupervisionTest, StartsAgainWhatEndedWithoutFault) {
    supervise({child("a", "test $(wc -l < " + (folder_ / "a.starts").native() + ") = 2 && exec sleep 300; exit 0")});

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 2; }));
    EXPECT_EQ(down_note("a"), "");
    stop();
}

TEST_F(SupervisionTest, StartsAgainWhatSomebodyElseAskedToEnd) {
    supervise({child("a", "exec sleep 300")});
    ASSERT_TRUE(run_until([&] { return starts("a").size() == 1; }));

    ::kill(starts("a").front(), SIGTERM);

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 2; }));
    stop();
}

TEST_F(SupervisionTest, GivesUpWhatEndsAgainAndAgainAndStartsItWhenToldTo) {
    supervise({child("a", "test -e " + (folder_ / "mended").native() + " && exec sleep 300; exit 7")});
    ASSERT_TRUE(run_until([&] { return down_note("a") != ""; }));
    EXPECT_EQ(down_note("a"), "a stays down after 5 starts in 10 s; last: exit code 7\n");
    EXPECT_EQ(starts("a").size(), 5U);
    std::ofstream(folder_ / "mended") << "";

    supervision_->start();

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 6; }));
    EXPECT_EQ(down_note("a"), "");
    stop();
}

TEST_F(SupervisionTest, TriesAgainWhatCannotBeStartedAndSaysWhyItGaveUp) {
    auto missing = child("a", "exec sleep 300");
    missing.plan.program = folder_ / "program";
    supervise({missing});
    ASSERT_TRUE(run_until([&] { return down_note("a") != ""; }));
    EXPECT_THAT(down_note("a"), HasSubstr("5 starts in 10 s; last: cannot start " + (folder_ / "program").native()));
    EXPECT_THAT(down_note("a"), HasSubstr("No such file"));
    std::filesystem::create_symlink("/bin/bash", folder_ / "program");

    supervision_->start();

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 1; }));
    stop();
}

TEST_F(SupervisionTest, AProgramThatComesInTimeIsStarted) {
    auto late = child("a", "exec sleep 300");
    late.plan.program = folder_ / "program";
    supervise({late});
    std::filesystem::create_symlink("/bin/bash", folder_ / "program");

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 1; }));
    EXPECT_EQ(down_note("a"), "");
    stop();
}

TEST_F(SupervisionTest, StartsNothingWhilePausedButAfterwards) {
    paused_looks_ = 20;

    supervise({child("a", "exec sleep 300")});

    EXPECT_TRUE(run_until([&] { return starts("a").size() == 1; }));
    EXPECT_EQ(looks_, 21);
    stop();
}

TEST_F(SupervisionTest, EndsThemInTheirOrderAndAsksNobodyTwice) {
    const auto log = (folder_ / "log.order").native();
    const auto go = (folder_ / "go").native();
    const auto wait_for_signals = "sleep 300 & wait $!; kill $!; ";
    supervise({child("a", "trap 'echo a >> " + log + "' TERM; touch " + (folder_ / "a.ready").native() +
                              "; while [ ! -e " + go + " ]; do " + wait_for_signals + "done; echo A >> " + log),
               child("b", "exec sleep 300"),
               child("c", "trap 'echo c >> " + log + "' TERM; touch " + (folder_ / "c.ready").native() + "; " +
                              wait_for_signals)});
    ASSERT_TRUE(run_until([&] {
        return std::filesystem::exists(folder_ / "a.ready") && std::filesystem::exists(folder_ / "c.ready") &&
               starts("b").size() == 1;
    }));
    bool has_ended = false;
    supervision_->stop([&] { has_ended = true; });
    ASSERT_TRUE(run_until([&] { return read_file(log).value_or("") == "a\n"; }));

    const auto b = starts("b").front();
    ::kill(b, SIGKILL);  // ends by itself while the first is still at work
    ASSERT_TRUE(run_until([&] { return ::kill(b, 0) != 0; }));
    std::ofstream(go) << "";
    ::kill(starts("a").front(), SIGTERM);

    EXPECT_TRUE(run_until([&] { return has_ended; }));
    EXPECT_EQ(read_file(log).value_or(""), "a\na\nA\nc\n");
}

}  // namespace
}  // namespace rbees::orcd
