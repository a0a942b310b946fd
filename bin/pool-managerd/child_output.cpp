#include "child_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rbees/process/exit_watch.hpp"

namespace rbees::poold {
namespace {

namespace asio = boost::asio;

constexpr std::size_t read_bytes_max = 256 << 10;
constexpr std::size_t input_bytes_max = 64 << 10;  // what a pipe holds without a reader
constexpr int input_target = 3;

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_with_errno("cannot make a pipe");
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> input_pipe(const std::string& input) {
    auto pipe = make_pipe();
    if (!pipe) return std::unexpected(pipe.error());
    if (input.size() > input_bytes_max) return fail("the input of a child is larger than 64 KiB");
    if (::write(pipe->write_end.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
        return fail_with_errno("cannot write to a pipe");
    }
    return std::move(pipe->read_end);
}

}  // namespace

struct ChildOutput::State : Stoppable {
    State(net::IoContext& io, UniqueFd read_end) : output(io, read_end.release()), deadline(io), ended(io) {
        ended.expires_at(asio::steady_timer::time_point::max());
    }

    asio::posix::stream_descriptor output;
    asio::steady_timer deadline;
    asio::steady_timer ended;  ///< never expires; cancelled when the child has ended
    std::optional<process::ExitWatch> watch;
    std::optional<process::ExitStatus> status;
    bool was_too_slow = false;

    void kill() {
        if (!status && watch) static_cast<void>(watch->process().kill_group());
    }
    void stop() override {
        if (!status && watch) static_cast<void>(watch->process().terminate_group());
    }
};

Result<std::unique_ptr<ChildOutput>> ChildOutput::start(net::IoContext& io, process::SpawnPlan plan,
                                                        std::string input) {
    auto output = make_pipe();
    if (!output) return std::unexpected(output.error());
    auto in = input_pipe(input);
    if (!in) return std::unexpected(in.error());
    for (const auto* secret : {"HF_TOKEN", "RBEES_TOKEN"}) {
        plan.environment.try_emplace(secret, std::nullopt);
    }
    plan.files.push_back({output->write_end.get(), STDOUT_FILENO});
    if (!input.empty()) plan.files.push_back({in->get(), input_target});
    auto child = process::spawn(plan);
    if (!child) return std::unexpected(child.error());
    auto state = std::make_shared<State>(io, std::move(output->read_end));
    auto watch = process::ExitWatch::start(io, std::move(*child),
                                           [weak = std::weak_ptr<State>(state)](process::ExitStatus status) {
                                               const auto held = weak.lock();
                                               if (!held) return;
                                               held->status = status;
                                               held->ended.cancel();
                                           });
    if (!watch) return std::unexpected(watch.error());
    state->watch.emplace(std::move(*watch));
    return std::unique_ptr<ChildOutput>(new ChildOutput(std::move(state)));
}

ChildOutput::~ChildOutput() {
    state_->kill();
}

net::Task<std::string> ChildOutput::read() {
    const auto state = state_;
    std::string piece(read_bytes_max, '\0');
    boost::system::error_code error;
    const auto size =
        co_await state->output.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    piece.resize(error ? 0 : size);
    co_return piece;
}

net::Task<process::ExitStatus> ChildOutput::wait() {
    const auto state = state_;
    boost::system::error_code error;
    if (!state->status) co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, error));
    co_return state->status.value_or(process::ExitStatus{});
}

void ChildOutput::kill() {
    state_->kill();
}

void ChildOutput::kill_after(Duration span) {
    state_->deadline.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(span));
    state_->deadline.async_wait([weak = std::weak_ptr<State>(state_)](boost::system::error_code error) {
        const auto held = weak.lock();
        if (error || !held) return;
        held->was_too_slow = true;
        held->kill();
    });
}

void ChildOutput::kill_never() {
    state_->deadline.cancel();
}

void ChildOutput::end_on(StopSignal& stop) {
    stop.tell(state_);
}

bool ChildOutput::was_too_slow() const {
    return state_->was_too_slow;
}

net::Task<Result<ChildResult>> run_child(net::IoContext& io, process::SpawnPlan plan, Duration limit, Bytes output_max,
                                         std::shared_ptr<StopSignal> stop) {
    const auto name = plan.program.filename().native();
    auto child = ChildOutput::start(io, std::move(plan));
    if (!child) co_return std::unexpected(child.error());
    (*child)->kill_after(limit);
    if (stop) (*child)->end_on(*stop);
    ChildResult result;
    while (result.output.size() <= output_max.value) {
        const auto piece = co_await (*child)->read();
        if (piece.empty()) break;
        result.output += piece;
    }
    if (result.output.size() > output_max.value) {
        co_return fail(fmt::format("{} wrote more than {}", name, describe(output_max)));
    }
    result.status = co_await (*child)->wait();
    if ((*child)->was_too_slow()) co_return fail(fmt::format("{} was not done after {}", name, describe(limit)));
    co_return result;
}

}  // namespace rbees::poold
