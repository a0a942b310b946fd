#include "store/mending_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "house.hpp"
#include "rbees/base/files.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::orcd {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto deadline = 30s;

process::SpawnPlan shell(std::string script) {
    return {.program = "/bin/sh", .arguments = {"-c", std::move(script)}};
}

class MendingWatchTest : public testing::Test {
  protected:
    /// A script that notes each of its runs, and then goes on.
    [[nodiscard]] std::string noting(const std::string& script) const {
        return "echo >> " + noted() + "; n=$(wc -l < " + noted() + "); " + script;
    }
    [[nodiscard]] std::string noted() const { return (folder.path() / "trials").native(); }
    [[nodiscard]] std::size_t trials() const { return std::filesystem::file_size(noted()); }

    void watch_with(process::SpawnPlan trial, Duration pause = 1ms, Duration patience = 1h) {
        watch.emplace(io, MendingWatch::Parts{.trial = std::move(trial),
                                              .mended =
                                                  [this] {
                                                      ++calls;
                                                      watch.reset();
                                                  },
                                              .pause = pause,
                                              .patience = patience});
    }

    TestFolder folder;
    net::IoContext io;
    int calls = 0;
    std::optional<MendingWatch> watch;
};

TEST_F(MendingWatchTest, TellsOnceAsSoonAsATrialSucceeds) {
    watch_with(shell(noting("test $n -ge 3")));

    io.run_for(deadline);

    EXPECT_EQ(trials(), 3U);
    EXPECT_EQ(calls, 1);
}

TEST_F(MendingWatchTest, KillsATrialThatTakesTooLongAndTriesAgain) {
    watch_with(shell(noting("test $n -ge 2 || exec sleep 300")), 1ms, 1s);

    io.run_for(deadline);

    EXPECT_GE(trials(), 2U);
    EXPECT_EQ(calls, 1);
}

TEST_F(MendingWatchTest, ATrialThatCannotBeStartedIsOneThatFailed) {
    const auto later = folder.path() / "later";
    watch_with({.program = later});
    io.run_one_for(deadline);
    std::filesystem::create_symlink("/bin/true", later);

    io.run_for(deadline);

    EXPECT_EQ(calls, 1);
}

TEST_F(MendingWatchTest, EndsInAPauseWithoutATrial) {
    watch_with(shell(noting("true")));
    watch.reset();

    io.run_for(deadline);

    EXPECT_FALSE(std::filesystem::exists(noted()));
    EXPECT_EQ(calls, 0);
}

TEST_F(MendingWatchTest, KillsTheTrialThatIsUnderWayWhenItEnds) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    auto trial = shell("echo >&3; exec sleep 300");
    trial.files = {{.fd = writing.get(), .target = 3}};
    watch_with(std::move(trial));
    boost::asio::posix::stream_descriptor said(io, ::dup(reading.get()));
    said.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](const auto&) { io.stop(); });
    io.run_for(deadline);
    writing.reset();
    char letter = 0;
    ASSERT_EQ(::read(reading.get(), &letter, 1), 1) << "it has begun";

    watch.reset();

    pollfd closed{.fd = reading.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&closed, 1, 30'000), 1);
    EXPECT_EQ(::read(reading.get(), &letter, 1), 0) << "nobody has the other end any more";
    EXPECT_EQ(calls, 0);
}

TEST(MendingPauses, DoubleUpToAMinute) {
    EXPECT_EQ(MendingWatch::next_pause(5s), Duration(10s));
    EXPECT_EQ(MendingWatch::next_pause(40s), Duration(60s));
    EXPECT_EQ(MendingWatch::next_pause(60s), Duration(60s));
}

/// What the watch starts: the program itself.
class Trial : public testing::Test {
  protected:
    [[nodiscard]] int exit_code() const {
        auto child = process::spawn({.program = RBEES_ORCD_PROGRAM, .arguments = {"--try-journal", path().native()}});
        if (!child) throw std::runtime_error(describe(child.error()));
        const auto ended = child->wait_for(deadline);
        return ended && ended->kind == process::ExitStatus::Kind::exited ? ended->number : -1;
    }
    [[nodiscard]] std::filesystem::path path() const { return folder.path() / "orcd.db"; }

    static std::unique_ptr<store::Journal> open(const std::filesystem::path& path) {
        auto opened = store::Journal::open(path, {});
        if (!opened) throw std::runtime_error(describe(opened.error().failure));
        return std::move(*opened);
    }

    TestFolder folder;
};

TEST_F(Trial, SucceedsBesideReadersAndChangesNoRecord) {
    const auto head = open(path())->head();
    const auto reader = store::Reader::open(path());
    ASSERT_TRUE(reader);
    ASSERT_TRUE((*reader)->live_entities("job"));

    EXPECT_EQ(exit_code(), 0);

    EXPECT_EQ((*reader)->verify(head).first_problem, std::nullopt);
    EXPECT_EQ(open(path())->head(), head);
}

TEST_F(Trial, FailsWhereTheJournalCannotBeOpened) {
    const auto held = open(path());

    EXPECT_EQ(exit_code(), 1) << "another process has it";
}

}  // namespace
}  // namespace rbees::orcd
