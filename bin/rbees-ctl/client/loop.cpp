#include "client/loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "rbees/net/timer.hpp"

namespace rbees::ctl {
namespace {

extern "C" void leave_interrupted(int /*signal*/) {
    ::_exit(static_cast<int>(ExitCode::interrupted));
}

net::Task<bool> pause_for(Duration span) {
    const bool passed = co_await net::wait_for(span);
    co_return passed;
}

}  // namespace

void Loop::exit_on_interrupt() {
    struct sigaction action{};
    action.sa_handler = leave_interrupted;
    ::sigaction(SIGINT, &action, nullptr);
}

void Loop::start(net::Task<void> task) {
    boost::asio::co_spawn(io_, std::move(task), boost::asio::detached);
}

Checked<void> Loop::wait(Duration span) {
    const auto passed = run(pause_for(span));
    if (!passed) return std::unexpected(passed.error());
    return {};
}

void Loop::run_until_stopped() {
    boost::asio::signal_set interrupts(io_, SIGINT);
    interrupts.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
        if (error) return;
        stopped_ = interruption();
        io_.stop();
    });
    boost::asio::steady_timer timer(io_);
    if (deadline_) {
        timer.expires_after(std::max(Duration(0), *deadline_ - BootClock::now()));
        timer.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            stopped_ = CliError{ExitCode::timed_out, "time is up", "--timeout gives it more", "TIMED_OUT", {}};
            io_.stop();
        });
    }
    io_.restart();
    io_.run();
    // Destroying the set gave SIGINT back to the system; until the next step it must not look like a crash.
    interrupts.clear();
    exit_on_interrupt();
}

}  // namespace rbees::ctl
