#include "store/mending_watch.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rbees/base/files.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/process/exit_watch.hpp"
#include "rbees/process/signals.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::orcd {
namespace {

constexpr auto program = "rbees-orcd";
constexpr process::ExitStatus success{process::ExitStatus::Kind::exited, static_cast<int>(daemon::ExitCode::ok)};

}  // namespace

daemon::ExitCode try_journal(const std::filesystem::path& journal) {
    process::end_with_parent();
    const auto lock = FileLock::acquire(store::trial_lock(journal));
    if (!lock) return daemon::fail(program, lock.error());
    store::JournalOptions options;
    options.program_version = http_api::this_build().version;
    const auto opened = store::Journal::open(journal, std::move(options));
    if (!opened) return daemon::fail(program, opened.error().failure);
    (*opened)->stop();  // what fails in it ends the process with another code
    return daemon::ExitCode::ok;
}

process::SpawnPlan plan_trial(const std::filesystem::path& journal) {
    // What we are, not what lies at our path by now: a later release would bring the journal to a form of its own.
    return {.program = "/proc/self/exe", .arguments = {"--try-journal", journal.native()}};
}

struct MendingWatch::State : std::enable_shared_from_this<State> {
    State(net::IoContext& loop, Parts given) : io(loop), parts(std::move(given)), pause(parts.pause), timer(loop) {}

    /// Instead of what was waited for before.
    void after(Duration time, void (State::*then)()) {
        timer.expires_after(time);
        timer.async_wait([self = shared_from_this(), number = ++waits, then](const boost::system::error_code& error) {
            if (!error && number == self->waits) (self.get()->*then)();
        });
    }

    void stop_waiting() {
        ++waits;  // a call that is on its way already does nothing
        timer.cancel();
    }

    void begin_trial() {
        auto child = process::spawn(parts.trial);
        if (!child) return failed(describe(child.error()));
        auto watch = process::ExitWatch::start(io, std::move(*child), [this](const auto& status) { ended(status); });
        if (!watch) return failed(describe(watch.error()));
        trial = std::move(*watch);
        after(parts.patience, &State::lose_patience);
    }

    /// The next trial waits for its end all the same: two would be in each other's way.
    void lose_patience() { static_cast<void>(trial->process().kill()); }

    void ended(const process::ExitStatus& status) {
        stop_waiting();
        trial.reset();
        if (status != success) return failed(describe(status));
        const auto mended = std::move(parts.mended);
        mended();
    }

    void failed(const std::string& how) {
        pause = next_pause(pause);
        parts.log.warning("the journal still cannot be opened for writing",
                          {{"trial", how}, {"next", describe(pause)}});
        after(pause, &State::begin_trial);
    }

    /// A trial has the journal's lock, which the next start of ours needs: so its end is waited for, shortly.
    void end() {
        stop_waiting();
        if (!trial) return;
        static_cast<void>(trial->process().kill());
        static_cast<void>(trial->process().wait_for(limits::kill_time));
        trial.reset();
    }

    net::IoContext& io;
    Parts parts;
    Duration pause;
    boost::asio::basic_waitable_timer<BootClock> timer;
    std::uint64_t waits = 0;
    std::optional<process::ExitWatch> trial;  ///< while one is under way
};

MendingWatch::MendingWatch(net::IoContext& io, Parts parts) : state_(std::make_shared<State>(io, std::move(parts))) {
    state_->after(state_->pause, &State::begin_trial);
}

MendingWatch::~MendingWatch() {
    state_->end();
}

Duration MendingWatch::next_pause(Duration pause) {
    return std::min<Duration>(2 * pause, limits::trial_pause_max);
}

}  // namespace rbees::orcd
