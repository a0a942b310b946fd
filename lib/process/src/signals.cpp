#include "rbees/process/signals.hpp"

#include <sys/prctl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <utility>

namespace rbees::process {

struct SignalWatch::State : std::enable_shared_from_this<State> {
    State(boost::asio::io_context& io, SignalReactions wanted)
        : signals(io, SIGTERM, SIGINT, SIGHUP), reactions(std::move(wanted)) {}

    void wait() {
        signals.async_wait([self = shared_from_this()](boost::system::error_code error, int signal) {
            if (error || self->is_cancelled) return;
            self->wait();
            self->react(signal);
        });
    }

    void react(int signal) {
        if (signal == SIGHUP) return call(reactions.hang_up);
        const bool is_further = std::exchange(is_draining, true);
        call(is_further ? reactions.stop_now : reactions.drain);
    }

    /// A copy: the reaction may destroy the watch.
    static void call(std::function<void()> reaction) {
        if (reaction) reaction();
    }

    boost::asio::signal_set signals;
    SignalReactions reactions;
    bool is_draining = false;
    bool is_cancelled = false;
};

SignalWatch::SignalWatch(boost::asio::io_context& io, SignalReactions reactions)
    : state_(std::make_shared<State>(io, std::move(reactions))) {
    state_->wait();
}

SignalWatch::~SignalWatch() {
    state_->is_cancelled = true;
    state_->signals.clear();
    state_->signals.cancel();
}

void ignore_signals_of_writes() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

void end_with_parent() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace rbees::process
