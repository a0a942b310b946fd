#include "answer_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "continuing.hpp"
#include "rbees/reflect/json.hpp"
#include "refusals.hpp"

namespace rbees::workerd {

void AnswerStream::run(engine::Engine& engine, engine::Call call) {
    const auto checked = reflect::parse_json(call.body);
    if (!checked) {
        open(std::unexpected(not_json(checked.error())));
        return end();
    }
    ask(engine, std::move(call));
}

void AnswerStream::run_continuation(engine::Engine& engine, engine::Call call) {
    auto continued = continued_call(std::move(call));
    if (!continued) {
        open(std::unexpected(std::move(continued.error())));
        return end();
    }
    ask(engine, std::move(*continued));
}

void AnswerStream::ask(engine::Engine& engine, engine::Call call) {
    if (!stopped()) {
        const auto answer = engine.start(std::move(call));
        read(*answer);
    }
    end();
}

void AnswerStream::read(engine::Answer& answer) {
    bool is_stopped = false;
    {
        const std::lock_guard lock(mutex_);
        answer_ = &answer;
        is_stopped = stopped_.has_value();
    }
    if (is_stopped) answer.cancel();
    open(answer.head());
    bool more = true;
    while (more) {
        auto piece = answer.next();
        more = piece && push(std::move(*piece));
    }
    const std::lock_guard lock(mutex_);
    answer_ = nullptr;
}

void AnswerStream::cancel(Stopped why) noexcept {
    std::unique_lock lock(mutex_);
    if (stopped_ || ended_) return;
    stopped_ = why;
    if (answer_ != nullptr) answer_->cancel();
    room_.notify_one();
}

std::optional<Stopped> AnswerStream::stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

net::Task<AnswerStream::Opening> AnswerStream::opening() {
    auto opening = opening_now();
    while (!opening) {
        co_await news();
        opening = opening_now();
    }
    co_return std::move(*opening);
}

net::Task<std::string> AnswerStream::take() {
    auto pieces = take_now();
    while (!pieces) {
        co_await news();
        pieces = take_now();
    }
    co_return std::move(*pieces);
}

void AnswerStream::open(Opening opening) {
    std::unique_lock lock(mutex_);
    opening_ = std::move(opening);
    wake_loop(std::move(lock));
}

bool AnswerStream::push(std::string piece) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return stopped_ || waiting_.size() < waiting_bytes_max_; });
    if (stopped_) return false;
    if (waiting_.empty()) {
        waiting_ = std::move(piece);
    } else {
        waiting_ += piece;
    }
    wake_loop(std::move(lock));
    return true;
}

void AnswerStream::end() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    wake_loop(std::move(lock));
}

/// Posts once for each time that the loop began to wait: a loop that is busy writing asks by itself afterwards.
void AnswerStream::wake_loop(std::unique_lock<std::mutex> lock) {
    if (!std::exchange(loop_waits_, false)) return;
    lock.unlock();
    boost::asio::post(io_, [self = shared_from_this()] {
        auto coroutine = std::exchange(self->waiting_coroutine_, {});
        if (coroutine) coroutine();
    });
}

/// Suspends until the post of `wake_loop`, which runs on this thread and therefore after the suspension.
net::Task<void> AnswerStream::news() {
    const auto keep = [this](auto handler) { waiting_coroutine_ = std::move(handler); };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(keep, boost::asio::use_awaitable);
}

std::optional<AnswerStream::Opening> AnswerStream::opening_now() {
    const std::lock_guard lock(mutex_);
    loop_waits_ = !opening_ && !ended_;
    if (loop_waits_) return std::nullopt;
    if (stopped_ || !opening_) return std::unexpected(was_cancelled());
    return std::move(opening_);
}

std::optional<std::string> AnswerStream::take_now() {
    const std::lock_guard lock(mutex_);
    loop_waits_ = waiting_.empty() && !ended_;
    if (loop_waits_) return std::nullopt;
    const bool was_full = waiting_.size() >= waiting_bytes_max_;
    auto pieces = std::exchange(waiting_, {});
    if (was_full) room_.notify_one();
    return pieces;
}

}  // namespace rbees::workerd
