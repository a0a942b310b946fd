#include "rbees/net/timer.hpp"

#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "rbees/net/run.hpp"

namespace rbees::net {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

TEST(WaitFor, ResumesNotBeforeTheSpanHasPassed) {
    IoContext io;
    const auto begin = BootClock::now();

    EXPECT_TRUE(run(io, wait_for(5ms)));

    EXPECT_GE(BootClock::now() - begin, 5ms);
}

Task<bool> long_wait_ends_early() {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto winner = co_await (wait_for(1h) || wait_for(1ms));
    co_return winner.index() == 1;
}

TEST(WaitFor, EndsAtOnceWhenTheCoroutineIsCancelled) {
    IoContext io;

    EXPECT_TRUE(run(io, long_wait_ends_early()));
}

Task<int> fail_with_exception() {
    throw std::runtime_error("why");
    co_return 0;
}

TEST(Run, HandsAnExceptionOn) {
    IoContext io;

    EXPECT_THROW(run(io, fail_with_exception()), std::runtime_error);
}

}  // namespace
}  // namespace rbees::net
