#include "rbees/process/exit_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace rbees::process {
namespace {

constexpr Duration kill_time = std::chrono::seconds(1);  ///< for the kernel to take away a killed process

void end_unwatched(Process& process) {
    if (!process.is_our_child()) return;
    static_cast<void>(process.kill());
    static_cast<void>(process.wait_for(kill_time));
}

}  // namespace

struct ExitWatch::State : std::enable_shared_from_this<State> {
    State(boost::asio::io_context& io, Process watched, Callback callback)
        : process(std::move(watched)), on_exit(std::move(callback)), readable(io) {}

    /// A copy of the pidfd, because the loop's object closes what it holds.
    [[nodiscard]] Result<void> open() {
        const int copy = ::fcntl(process.pidfd(), F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return fail_with_errno(fmt::format("cannot watch process {}", process.pid()));
        boost::system::error_code error;
        readable.assign(copy, error);
        if (!error) return {};
        ::close(copy);
        return fail(fmt::format("cannot watch process {}: {}", process.pid(), error.message()));
    }

    void wait() {
        readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [self = shared_from_this()](boost::system::error_code) { self->look(); });
    }

    /// A call may come late, after a cancel, or for nothing: only the process itself says whether it has ended.
    void look() {
        if (!on_exit) return;
        const auto status = process.try_wait();
        if (!status) return wait();
        auto callback = std::exchange(on_exit, nullptr);
        callback(*status);
    }

    void cancel() {
        on_exit = nullptr;
        boost::system::error_code ignored;
        readable.close(ignored);
    }

    Process process;
    Callback on_exit;
    boost::asio::posix::stream_descriptor readable;
};

Result<ExitWatch> ExitWatch::start(boost::asio::io_context& io, Process process, Callback on_exit) {
    auto state = std::make_shared<State>(io, std::move(process), std::move(on_exit));
    if (auto opened = state->open(); !opened) {
        end_unwatched(state->process);
        return std::unexpected(opened.error());
    }
    state->wait();
    return ExitWatch(std::move(state));
}

ExitWatch::ExitWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}

ExitWatch::~ExitWatch() {
    if (state_) state_->cancel();
}

ExitWatch::ExitWatch(ExitWatch&&) noexcept = default;

ExitWatch& ExitWatch::operator=(ExitWatch&& other) noexcept {
    auto old = std::exchange(state_, std::exchange(other.state_, nullptr));
    if (old && old != state_) old->cancel();
    return *this;
}

Process& ExitWatch::process() {
    return state_->process;
}
const Process& ExitWatch::process() const {
    return state_->process;
}

}  // namespace rbees::process
