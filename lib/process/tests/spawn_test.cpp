#include "rbees/process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>

#include "pipe.hpp"

namespace rbees::process {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

constexpr Duration deadline = 10s;
constexpr ExitStatus success{ExitStatus::Kind::exited, 0};

class SpawnTest : public testing::Test {
  protected:
    SpawnTest() {
        std::string name = testing::TempDir() + "rbees-process-XXXXXX";
        folder_ = fs::canonical(::mkdtemp(name.data()));
    }
    ~SpawnTest() override { fs::remove_all(folder_); }

    /// How the program ends.
    static std::optional<ExitStatus> run(const SpawnPlan& plan) {
        auto process = spawn(plan);
        if (!process) return std::nullopt;
        return process->wait_for(deadline);
    }

    static std::string failure_of(const SpawnPlan& plan) {
        const auto process = spawn(plan);
        return process ? "started" : process.error().message;
    }

    fs::path folder_;
};

TEST_F(SpawnTest, ArgumentsReachTheProgramAsTheyAre) {
    EXPECT_EQ(output_of({.program = "/bin/echo", .arguments = {"a b", "$HOME", ""}}), "a b $HOME \n");
}

TEST_F(SpawnTest, NameWithoutFolderIsSearchedInPath) {
    EXPECT_EQ(run({.program = "true"}), success);
}

TEST_F(SpawnTest, FailureNamesTheProgramAndTheReason) {
    EXPECT_EQ(failure_of({.program = "/nonexistent/worker"}),
              "cannot start /nonexistent/worker: No such file or directory");
    EXPECT_EQ(failure_of({.program = "/etc/passwd"}), "cannot start /etc/passwd: Permission denied");
    EXPECT_EQ(failure_of({.program = "/bin/true", .working_folder = "/nonexistent"}),
              "cannot start /bin/true: there is no folder /nonexistent");
    EXPECT_EQ(failure_of({.program = "/bin/true", .log_file = "/nonexistent/log"}),
              "cannot start /bin/true: cannot open log file /nonexistent/log: No such file or directory");
    EXPECT_EQ(failure_of({.program = "/bin/true", .files = {{4000, 5}}}),
              "cannot start /bin/true: cannot pass descriptor 4000: Bad file descriptor");
}

TEST_F(SpawnTest, VariablesAreAddedAndRemoved) {
    ::setenv("RBEES_PROCESS_KEPT", "kept", 1);
    ::setenv("RBEES_PROCESS_GONE", "gone", 1);
    auto plan = shell("echo $RBEES_PROCESS_KEPT-$RBEES_PROCESS_GONE-$RBEES_PROCESS_NEW");
    plan.environment = {{"RBEES_PROCESS_GONE", std::nullopt}, {"RBEES_PROCESS_NEW", "new"}};

    EXPECT_EQ(output_of(plan), "kept--new\n");
}

TEST_F(SpawnTest, WithoutInheritanceOnlyThePlansVariablesAreThere) {
    EXPECT_EQ(output_of({.program = "/usr/bin/env",
                         .inherited = InheritedEnvironment::none,
                         .environment = {{"B", "2"}, {"A", "1"}}}),
              "A=1\nB=2\n");
}

TEST_F(SpawnTest, LogFileGetsBothOutputsAppendedForItsOwnerOnly) {
    auto plan = shell("echo out; echo err >&2");
    plan.log_file = folder_ / "worker.log";

    EXPECT_EQ(run(plan), success);
    EXPECT_EQ(run(plan), success);

    EXPECT_EQ(read_file(folder_ / "worker.log"), "out\nerr\nout\nerr\n");
    EXPECT_EQ(fs::status(folder_ / "worker.log").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SpawnTest, StandardInputIsEmpty) {
    EXPECT_EQ(run({.program = "/bin/cat"}), success);
}

TEST_F(SpawnTest, WorkingFolderIsWhereTheProgramStarts) {
    auto plan = shell("pwd");
    plan.working_folder = folder_;

    EXPECT_EQ(output_of(plan), folder_.native() + "\n");
}

TEST_F(SpawnTest, OnlyNamedDescriptorsReachTheChild) {
    const UniqueFd below(::fcntl(STDIN_FILENO, F_DUPFD, 40));  // no close-on-exec: as a careless library leaves them
    const UniqueFd above(::fcntl(STDIN_FILENO, F_DUPFD, 70));
    const Pipe pipe;

    auto plan = shell(fmt::format("test -e /proc/$$/fd/50 && test ! -e /proc/$$/fd/{} && test ! -e /proc/$$/fd/{}",
                                  below.get(), above.get()));
    plan.files = {{pipe.reading.get(), 50}};

    EXPECT_EQ(run(plan), success);
}

TEST_F(SpawnTest, DescriptorsMayTakeEachOthersNumbers) {
    Pipe first;
    Pipe second;
    const int a = first.writing.get();
    const int b = second.writing.get();
    ASSERT_LT(std::max(a, b), 10);  // a shell redirects to one digit only

    EXPECT_EQ(output_of({.program = "/bin/sh",
                         .arguments = {"-c", fmt::format("echo to-a >&{}; echo to-b >&{}", a, b)},
                         .files = {{a, b}, {b, a}}}),
              "");

    std::array<char, 16> text{};
    const auto size = ::read(first.reading.get(), text.data(), text.size());
    EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(size)), "to-b\n");
}

TEST_F(SpawnTest, ChildStartsWithDefaultSignalsAndNoneBlocked) {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto old_action = std::signal(SIGPIPE, SIG_IGN);

    const auto output = output_of({.program = "/bin/grep", .arguments = {"-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
    std::signal(SIGPIPE, old_action);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

    // The C library keeps its two own signals, 32 and 33, for itself.
    EXPECT_THAT(output, testing::MatchesRegex("SigBlk:\t0{16}\nSigIgn:\t0{7}[01][08]0{7}\n"));
}

TEST_F(SpawnTest, SessionIsOursOrTheChildsOwn) {
    const auto* script = "read -r pid name state parent group session rest < /proc/$$/stat; test $session = $$";
    auto plan = shell(script);

    EXPECT_EQ(run(plan), success);
    plan.session = Session::ours;
    EXPECT_NE(run(plan), success);
}

TEST_F(SpawnTest, ManyChildrenLeaveNoDescriptorsBehind) {
    const auto count_open = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    const auto before = count_open();
    auto plan = shell("exit 0");
    plan.log_file = folder_ / "log";

    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(run(plan), success);
        ASSERT_FALSE(spawn({.program = "/nonexistent/worker", .log_file = folder_ / "log"}));
    }

    EXPECT_EQ(count_open(), before);
}

}  // namespace
}  // namespace rbees::process
