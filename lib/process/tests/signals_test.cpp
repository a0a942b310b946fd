#include "rbees/process/signals.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "pipe.hpp"
#include "rbees/base/files.hpp"

namespace rbees::process {
namespace {

using std::chrono_literals::operator""s;

class SignalWatchTest : public testing::Test {
  protected:
    [[nodiscard]] SignalReactions reactions() {
        return {.drain = [this] { seen_.emplace_back("drain"); },
                .stop_now = [this] { seen_.emplace_back("stop now"); },
                .hang_up = [this] { seen_.emplace_back("hang up"); }};
    }

    /// Sends the signal to this process and runs the loop until somebody reacts.
    void send(int signal) {
        const auto before = seen_.size();
        std::raise(signal);
        while (seen_.size() == before && io_.run_one_for(10s) > 0) {
        }
    }

    boost::asio::io_context io_;
    std::vector<std::string> seen_;
};

TEST_F(SignalWatchTest, FirstSignalDrainsAndEachFurtherOneStops) {
    const SignalWatch watch(io_, reactions());

    send(SIGTERM);
    send(SIGTERM);
    send(SIGINT);

    EXPECT_THAT(seen_, testing::ElementsAre("drain", "stop now", "stop now"));
}

TEST_F(SignalWatchTest, InterruptFromTheTerminalDrainsToo) {
    const SignalWatch watch(io_, reactions());

    send(SIGINT);

    EXPECT_THAT(seen_, testing::ElementsAre("drain"));
}

TEST_F(SignalWatchTest, HangUpIsNoWishToStop) {
    const SignalWatch watch(io_, reactions());

    send(SIGHUP);
    send(SIGTERM);

    EXPECT_THAT(seen_, testing::ElementsAre("hang up", "drain"));
}

TEST_F(SignalWatchTest, HangUpWithoutReactionDoesNothing) {
    auto without = reactions();
    without.hang_up = nullptr;
    const SignalWatch watch(io_, std::move(without));

    std::raise(SIGHUP);
    send(SIGTERM);

    EXPECT_THAT(seen_, testing::ElementsAre("drain"));
}

TEST_F(SignalWatchTest, ReactionMayDestroyTheWatch) {
    std::optional<SignalWatch> watch;
    auto own = reactions();
    own.drain = [&] {
        watch.reset();
        seen_.emplace_back("drain");
    };
    watch.emplace(io_, std::move(own));

    send(SIGTERM);
    io_.run_for(10s);

    EXPECT_THAT(seen_, testing::ElementsAre("drain"));
}

TEST_F(SignalWatchTest, SignalTakenBeforeTheEndOfTheWatchCallsNobodyAfterwards) {
    std::optional<SignalWatch> watch;
    watch.emplace(io_, reactions());

    std::raise(SIGTERM);
    watch.reset();
    io_.run_for(10s);

    EXPECT_TRUE(seen_.empty());
}

using SignalWatchDeathTest = SignalWatchTest;

TEST_F(SignalWatchDeathTest, SignalsEndTheProcessAgainWithoutAWatch) {
    const auto watch_and_forget = [this] {
        {
            const SignalWatch watch(io_, reactions());
        }
        std::raise(SIGTERM);
    };

    EXPECT_EXIT(watch_and_forget(), testing::KilledBySignal(SIGTERM), "");
}

TEST(SignalsOfWrites, IgnoredSigpipeTurnsAWriteToNobodyIntoAnError) {
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    Pipe pipe;
    pipe.reading.reset();

    ignore_signals_of_writes();
    const auto written = ::write(pipe.writing.get(), "x", 1);
    const int error = errno;
    std::signal(SIGPIPE, before);

    EXPECT_EQ(written, -1);
    EXPECT_EQ(error, EPIPE);
}

TEST(SignalsOfWrites, IgnoredSigxfszTurnsAFileThatIsTooLargeIntoAnError) {
    const auto write_beyond_the_limit = [] {
        std::signal(SIGXFSZ, SIG_DFL);
        ignore_signals_of_writes();
        const UniqueFd file(::open(testing::TempDir().c_str(), O_TMPFILE | O_WRONLY, 0600));
        const rlimit limit{1, RLIM_INFINITY};
        const bool is_set = file.valid() && ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
        const bool is_refused = ::pwrite(file.get(), "x", 1, 1) == -1 && errno == EFBIG;
        ::_exit(is_set && is_refused ? 0 : 1);
    };

    EXPECT_EXIT(write_beyond_the_limit(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rbees::process
